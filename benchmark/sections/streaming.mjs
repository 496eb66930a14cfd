// A large module whose bytes arrive over time: how long after the last of them it can be used.

import { fileURLToPath } from 'node:url';
import { measureInChild } from '../lib/child.mjs';
import { NAMES } from '../lib/engines.mjs';
import { table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';

const ROUNDS = 5;
const RATE = 20e6;
const FILE = fileURLToPath(new URL('../../node_modules/esbuild-wasm/esbuild.wasm', import.meta.url));

export const title = 'esbuild (14 MB) arrives at 20 MB/s in a fresh process without a cache, ms';

export async function run() {
  const samples = { gantry: [], builtin: [] };
  for (let i = 0; i < ROUNDS; i++) {
    for (const engine of NAMES) {
      const options = { env: { GANTRY_CACHE: 'off' } };
      samples[engine].push(await measureInChild('streaming.mjs', [engine, FILE, `${RATE}`], options));
    }
  }
  const results = NAMES.map((engine) => {
    const of = (key) => median(samples[engine].map((sample) => sample[key]));
    return { engine, arrived: of('arrived'), afterLast: of('afterLast'), blocked: of('blocked') };
  });
  const rows = results.map((r) => [
    r.engine,
    ...[r.arrived, r.afterLast, r.blocked].map((n) => n.toFixed(1)),
  ]);
  table(title, ['engine', 'until the last byte', 'from there to the module', 'longest turn'], rows);
  const [gantry] = results;
  return {
    results,
    targets: [
      target('streaming: last byte to Module', gantry.afterLast, 50, 'ms'),
      target('streaming: JS thread blocked', gantry.blocked, 10, 'ms'),
    ],
  };
}
