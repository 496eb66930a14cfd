// Tests of npm packages: each body runs in a process of its own whose global WebAssembly was replaced at the start.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkGlobal, engineName, preloads, root } from './engine.mjs';

const CHILD = 'GANTRY_TEST_CHILD';
const TIMEOUT_MS = 180_000;

export const require = createRequire(import.meta.url);
export const packageFile = (file) => path.join(root, 'node_modules', file);
export const readPackageFile = (file, encoding) => readFileSync(packageFile(file), encoding);
export const sizeOf = (file) => statSync(packageFile(file)).size;
export const sha256 = (data) => createHash('sha256').update(data).digest('hex');

/**
 * Registers a test; the same file, started as a child process, runs the body.
 * @param {ImportMeta} meta of the test file
 * @param {(used: typeof import('./count.mjs').used) => Promise<void>} body loads the package, so that it sees
 *   the replaced global, and asserts both the answers and that the package's own module was compiled
 */
export function packageTest(meta, name, body) {
  if (process.env[CHILD]) runBody(body);
  else test(`${name} on ${engineName}`, { timeout: TIMEOUT_MS }, (t) => spawnBody(t, meta));
}

async function runBody(body) {
  checkGlobal();
  const { used } = await import('./count.mjs');
  await body(used);
  assert.ok(used.instances > 0, 'the package made no instance through the global WebAssembly');
  console.log(`modules of ${used.compiled.join(', ')} bytes; ${used.instances} instances`);
  // Packages may leave timers and pending promises behind.
  process.exit(0);
}

async function spawnBody(t, meta) {
  const file = fileURLToPath(meta.url);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [...preloads(), file], {
    cwd: root,
    env: { ...env, [CHILD]: '1' },
    signal: t.signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => {
      output[stream] += text;
    });
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (...ended) => resolve(ended));
  });
  const said = `${output.stderr}\n${output.stdout}`.slice(-8000);
  assert.equal(signal ?? code, 0, `the process ended with ${signal ?? code}:\n${said}`);
  t.diagnostic(output.stdout.trim().split('\n').at(-1));
}
