// Resident memory of this process: footprint.mjs bare|loaded|used

import { createRequire } from 'node:module';

const kind = process.argv[2];
const started = performance.now();
if (kind !== 'bare') {
  const { ENGINES } = await import('../lib/engines.mjs');
  if (kind === 'used') {
    const { withMemory } = await import('../lib/tiny.mjs');
    const { Instance, Module } = ENGINES.gantry;
    new Instance(new Module(withMemory)).exports.add(1, 2);
  }
} else createRequire(import.meta.url);
const milliseconds = performance.now() - started;
globalThis.gc?.();
console.log(JSON.stringify({ rss: process.memoryUsage.rss() / 1024 / 1024, milliseconds }));
process.exit(0);
