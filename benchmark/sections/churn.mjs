// A million instances created and dropped: resident memory has to stay flat after the first 50,000.

import { measureInChild } from '../lib/child.mjs';
import { table, target } from '../lib/report.mjs';

export const title = 'A million instances, created and dropped';

const VARIANTS = [
  { name: 'without a memory', limit: 20, args: ['gantry', 'plain', '1000000', 'yield'] },
  { name: 'with a memory', limit: 20, args: ['gantry', 'memory', '1000000', 'yield'] },
  // Finalizers run between turns of the event loop, and the built-in engine's memory grows here as well.
  { name: 'without a memory, no turn of the event loop', args: ['gantry', 'plain', '1000000', 'block'] },
];

export async function run({ quick }) {
  const results = [];
  for (const { name, limit, args } of VARIANTS) {
    if (quick) args[2] = '100000';
    results.push({ name, limit, ...(await measureInChild('churn.mjs', args)) });
  }
  const rows = results.map((r) => [
    r.name,
    `${(r.milliseconds / 1000).toFixed(1)} s`,
    `${((r.milliseconds * 1000) / r.count).toFixed(1)} µs`,
    `${r.settled.toFixed(0)} MB`,
    `${r.lowest.toFixed(0)}-${r.highest.toFixed(0)} MB`,
  ]);
  table(title, ['instances', 'time', 'each', 'RSS at 50,000', 'RSS after that'], rows);
  const targets = results.map((r) => target(`RSS growth, ${r.name}`, r.drift, r.limit, 'MB'));
  return { results, targets };
}
