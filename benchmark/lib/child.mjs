// Measurements that need a process of their own: a child prints one line of JSON.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export async function measureInChild(script, args = []) {
  const file = fileURLToPath(new URL(`../child/${script}`, import.meta.url));
  const started = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', file, ...args]);
  return { ...JSON.parse(stdout.trim().split('\n').at(-1)), process: performance.now() - started };
}
