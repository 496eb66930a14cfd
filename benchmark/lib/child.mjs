// Measurements that need a process of their own: a child prints one line of JSON.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** @param {{ flags?: string[], env?: Record<string, string> }} [options] of Node.js, and variables beside this process's */
export async function measureInChild(script, args = [], { flags = [], env = {} } = {}) {
  const file = fileURLToPath(new URL(`../child/${script}`, import.meta.url));
  const started = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', ...flags, file, ...args], {
    env: { ...process.env, ...env },
  });
  return { ...JSON.parse(stdout.trim().split('\n').at(-1)), process: performance.now() - started };
}
