// Runs the gantry command.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './engine.mjs';

const COMMAND = path.join(root, 'js/cli/main.js');

/** Starts it; the child is for tests that do more than wait. */
export function start(args, options = {}) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return spawn(process.execPath, [COMMAND, ...args], {
    timeout: 60_000,
    ...options,
    env: { ...env, ...options.env },
  });
}

/** @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string }>} */
export async function gantry(args, { input = '', ...options } = {}) {
  const child = start(args, options);
  child.stdin.on('error', () => {}).end(input);
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => (output[stream] += text));
  }
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (...ended) => resolve(ended));
  });
  return { code, signal, ...output };
}

/** A folder with these files for the time of `work`. */
export async function withFiles(files, work) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gantry-cli-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
    return await work(folder, (name) => path.join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
