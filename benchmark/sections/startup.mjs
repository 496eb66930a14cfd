// From bytes in memory to a module in a fresh process, without a cache: waiting for it, and in the background.

import { fileURLToPath } from 'node:url';
import { measureInChild } from '../lib/child.mjs';
import { NAMES } from '../lib/engines.mjs';
import { table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';

const ROUNDS = 5;
const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const FILES = {
  esbuild: here('../node_modules/esbuild-wasm/esbuild.wasm'),
  'sql.js': here('../node_modules/sql.js/dist/sql-wasm.wasm'),
  sha256: here('kernels/wasm/sha256.wasm'),
};

export const title = 'Compilation in a fresh process without a cache, ms';

export async function run({ only }) {
  const results = [];
  for (const name of Object.keys(FILES).filter((file) => !only || only.includes(file)))
    results.push(await measure(name));
  const rows = results.map(({ name, gantry, builtin, ratio }) => [
    name,
    ...[gantry, builtin].flatMap((r) => [r.waiting, r.background, r.blocked].map((n) => n.toFixed(1))),
    ratio.toFixed(2),
  ]);
  const head = [
    'file',
    ...NAMES.flatMap((name) => [`${name}: Module`, 'compile()', 'blocked']),
    'ratio of Module',
  ];
  table(title, head, rows);
  const targets = results.flatMap(({ name, gantry, ratio }) => [
    target(`${name}: bytes to Module, to the built-in's`, ratio, 2.5),
    target(`${name}: JS thread blocked by compile()`, gantry.blocked, 10, 'ms'),
  ]);
  return { results, targets };
}

async function measure(name) {
  const samples = { gantry: [], builtin: [] };
  const options = { env: { GANTRY_CACHE: 'off' } };
  for (let i = 0; i < ROUNDS; i++) {
    for (const engine of NAMES)
      samples[engine].push(await measureInChild('startup.mjs', [engine, FILES[name]], options));
  }
  const summary = (engine) => {
    const of = (key) => median(samples[engine].map((sample) => sample[key]));
    return { waiting: of('waiting'), background: of('background'), blocked: of('blocked') };
  };
  const [gantry, builtin] = ['gantry', 'builtin'].map(summary);
  return { name, gantry, builtin, ratio: gantry.waiting / builtin.waiting };
}
