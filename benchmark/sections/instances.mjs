// What creating an instance of a small module costs, with and without a memory.

import { ENGINES, NAMES } from '../lib/engines.mjs';
import { table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';
import { withMemory, withoutMemory } from '../lib/tiny.mjs';

const MODULES = { 'without a memory': withoutMemory, 'with a memory': withMemory };
const BATCH = 100;
const ROUNDS = 15;

export const title = 'Instance creation, µs';

export async function run() {
  const results = [];
  for (const [name, bytes] of Object.entries(MODULES)) results.push({ name, ...(await measure(bytes)) });
  const rows = results.map((r) => [r.name, r.gantry.toFixed(1), r.builtin.toFixed(1)]);
  table(title, ['module', 'Gantry', 'built-in'], rows);
  const targets = results.map((r) => target(`instance ${r.name}`, r.gantry, 25, 'µs'));
  return { results, targets };
}

async function measure(bytes) {
  const times = { gantry: [], builtin: [] };
  const modules = Object.fromEntries(NAMES.map((engine) => [engine, new ENGINES[engine].Module(bytes)]));
  for (let i = 0; i < ROUNDS + 3; i++) {
    for (const engine of NAMES) {
      const time = await batch(engine, modules[engine]);
      if (i >= 3) times[engine].push(time);
    }
  }
  return { gantry: median(times.gantry), builtin: median(times.builtin) };
}

async function batch(engine, module) {
  const { Instance } = ENGINES[engine];
  const started = performance.now();
  for (let i = 0; i < BATCH; i++) new Instance(module);
  const time = ((performance.now() - started) * 1000) / BATCH;
  // What the batch leaves behind is collected outside of the measured time.
  globalThis.gc?.();
  await new Promise(setImmediate);
  return time;
}
