// Runs a script in a Node process of its own, so that a crash or a hang is a result.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { root } from './engine.mjs';
import { text } from './wat.mjs';

const PRELUDE = `
  'use strict';
  const { WebAssembly } = require('gantry-wasm');
  const assert = require('node:assert/strict');
  const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
  const { once } = require('node:events');
  const { setTimeout: sleep } = require('node:timers/promises');
  const bytes = (name) => Uint8Array.from(Buffer.from(MODULES[name], 'base64'));
  const exportsOf = (name, imports) =>
    new WebAssembly.Instance(new WebAssembly.Module(bytes(name)), imports).exports;
  /** Starts a worker with the same prelude. */
  const worker = (code, options) => new Worker(PRELUDE + '(async () => {' + code + '})()', { eval: true, ...options });
  const rss = () => process.memoryUsage.rss() / (1 << 20);
`;

/** Script text that has modules (given as text) as `bytes(name)` and `exportsOf(name, imports)`. */
export function scriptWith(modules, code) {
  const binaries = Object.entries(modules).map(([name, source]) => [
    name,
    Buffer.from(text(source)).toString('base64'),
  ]);
  const head = `const MODULES = ${JSON.stringify(Object.fromEntries(binaries))};${PRELUDE}`;
  const self = `const PRELUDE = ${JSON.stringify(head)};`;
  return `${head}${self}(async () => {${code}})();`;
}

/**
 * @param {string} script
 * @param {{ flags?: string[], env?: Record<string, string>, base?: NodeJS.ProcessEnv, timeout?: number, cwd?: string }} [options]
 *   `base` is what `env` is added to
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string, ms: number }>}
 */
export async function run(script, options = {}) {
  const { flags = [], env = {}, base = process.env, timeout = 60_000, cwd = root } = options;
  const { NODE_TEST_CONTEXT: _, ...inherited } = base;
  const started = performance.now();
  const child = spawn(process.execPath, [...flags, '-'], {
    cwd,
    env: { ...inherited, ...env },
    timeout,
    killSignal: 'SIGKILL',
  });
  // Scripts with modules in them are too long for a command line. A child may end before it has read all.
  child.stdin.on('error', () => {}).end(script);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => (output[stream] += text));
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (...ended) => resolve(ended));
  });
  return { code, signal, ...output, ms: performance.now() - started };
}

/** Runs a script that must end with `code`. @returns what it printed, trimmed */
export async function succeed(script, options = {}) {
  const result = await run(script, options);
  const ended = result.signal ?? result.code;
  assert.equal(
    ended,
    options.code ?? 0,
    `ended with ${ended} after ${result.ms | 0} ms:\n${result.stderr}\n${result.stdout}`,
  );
  return result.stdout.trim();
}
