// Creates and drops instances, and samples the resident memory: churn.mjs ENGINE plain|memory COUNT yield|block

import { ENGINES } from '../lib/engines.mjs';
import { MB } from '../lib/stats.mjs';
import { withMemory, withoutMemory } from '../lib/tiny.mjs';

const SETTLE = 50_000;
const TURN = 1000;
const SAMPLE = 10_000;

const [engine, kind, countText, mode] = process.argv.slice(2);
const { Instance, Module } = ENGINES[engine];
const module = new Module(kind === 'memory' ? withMemory : withoutMemory);
const count = Number(countText);
const samples = [];
let sum = 0;

const started = performance.now();
for (let i = 0; i < count; i++) {
  sum += new Instance(module).exports.add(i, 1) & 1;
  if (mode === 'yield' && i % TURN === 0) await new Promise(setImmediate);
  if (i % SAMPLE === 0) samples.push({ i, rss: process.memoryUsage.rss() / MB });
}
const milliseconds = performance.now() - started;
if (sum !== Math.floor(count / 2)) throw new Error('a wrong sum');

const settled = samples.find(({ i }) => i >= SETTLE).rss;
const later = samples.filter(({ i }) => i >= SETTLE).map(({ rss }) => rss);
const [lowest, highest] = [Math.min(...later), Math.max(...later)];
// What V8's collector gives back later than at this point is no leak.
const drift = highest - settled;
console.log(JSON.stringify({ count, milliseconds, settled, lowest, highest, drift }));
process.exit(0);
