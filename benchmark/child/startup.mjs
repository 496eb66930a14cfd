// Compiles one file on one engine, waiting and in the background: startup.mjs ENGINE FILE [keep]. With `keep` all of it is compiled,
// for the cache.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readFileSync } from 'node:fs';
import { ENGINES } from '../lib/engines.mjs';

const [engine, file, keep] = process.argv.slice(2);
const { Module, compile } = ENGINES[engine];
const bytes = readFileSync(file);
// What is measured second is not to find the code of what was measured before.
const other = Buffer.concat([bytes, Buffer.from([0, 2, 1, 0x78])]);
if (keep) {
  const modules = [bytes, other].map((bytes) => new Module(bytes, { tier: 'optimized' }));
  console.log(JSON.stringify({ modules: modules.length }));
  process.exit(0);
}

let started = performance.now();
new Module(bytes);
const waiting = performance.now() - started;

const delay = monitorEventLoopDelay({ resolution: 1 });
await new Promise((resolve) => setTimeout(resolve, 50));
delay.enable();
started = performance.now();
await compile(other);
const background = performance.now() - started;
await new Promise((resolve) => setTimeout(resolve, 20));
delay.disable();
console.log(JSON.stringify({ waiting, background, blocked: delay.max / 1e6 }));
process.exit(0);
