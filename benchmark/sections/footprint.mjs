// Resident memory and time of loading the package, beside a Node process that does nothing.

import { measureInChild } from '../lib/child.mjs';
import { table } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';

const ROUNDS = 7;
const KINDS = ['bare', 'loaded', 'used'];

export const title = 'Footprint';

export async function run() {
  const samples = Object.fromEntries(KINDS.map((kind) => [kind, []]));
  for (let i = 0; i < ROUNDS; i++) {
    for (const kind of KINDS) samples[kind].push(await measureInChild('footprint.mjs', [kind]));
  }
  const results = KINDS.map((kind) => ({
    kind,
    rss: median(samples[kind].map((s) => s.rss)),
    milliseconds: median(samples[kind].map((s) => s.milliseconds)),
  }));
  const rows = results.map((r) => [
    r.kind,
    `${r.rss.toFixed(1)} MB`,
    `${(r.rss - results[0].rss).toFixed(1)} MB`,
    `${r.milliseconds.toFixed(1)} ms`,
  ]);
  table(title, ['process', 'RSS', 'more than bare', 'load time'], rows);
  return { results, targets: [] };
}
