// The first run in a fresh process: from the bytes to the first result, compilation included.

import { measureInChild } from '../lib/child.mjs';
import { NAMES } from '../lib/engines.mjs';
import { table } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';

const ROUNDS = 3;
const PROGRAMS = [
  'fib',
  'sha256',
  'sql.js',
  'argon2id',
  'quickjs',
  'source-map',
  'resvg',
  'tree-sitter',
  'esbuild',
];

export const title = 'First run in a fresh process, ms';

export async function run({ only }) {
  const results = [];
  for (const name of PROGRAMS.filter((program) => !only || only.includes(program)))
    results.push(await measure(name));
  const rows = results.map((r) => [
    r.name,
    ...NAMES.flatMap((engine) => [r[engine].load.toFixed(1), r[engine].first.toFixed(1)]),
    (r.gantry.total / r.builtin.total).toFixed(2),
  ]);
  const head = ['program', 'Gantry: load', 'run', 'built-in: load', 'run', 'ratio'];
  table(title, head, rows);
  return { results, targets: [] };
}

async function measure(name) {
  const samples = { gantry: [], builtin: [] };
  for (let i = 0; i < ROUNDS; i++) {
    for (const engine of NAMES) samples[engine].push(await measureInChild('first.mjs', [engine, name]));
  }
  const summary = (engine) => {
    const of = (key) => median(samples[engine].map((sample) => sample[key]));
    return { load: of('load'), first: of('first'), total: of('total'), process: of('process') };
  };
  return { name, gantry: summary('gantry'), builtin: summary('builtin') };
}
