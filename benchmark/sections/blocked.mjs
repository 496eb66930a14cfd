// For how long the JavaScript thread is kept busy while a large module is made in an asynchronous way.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureInChild } from '../lib/child.mjs';
import { progress, table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';

const ROUNDS = 5;
const LIMIT = 10;
const inPackages = (path) => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));

const PROGRAMS = [
  { name: 'esbuild', file: inPackages('esbuild-wasm/esbuild.wasm') },
  { name: 'ruby', file: inPackages('@ruby/3.4-wasm-wasi/dist/ruby.wasm') },
  // Takes minutes, most of them to fill the cache.
  { name: 'clang', file: inPackages('@yowasp/clang/gen/llvm.core.wasm'), onlyWhenNamed: true },
];
const WAYS = ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming'];

export const title =
  'The longest turn of the event loop, ms (in brackets: copying the bytes or making an instance, where that is in a turn)';

export async function run({ only }) {
  const cache = mkdtempSync(path.join(os.tmpdir(), 'gantry-bench-'));
  try {
    const wanted = ({ name, onlyWhenNamed }) => only?.includes(name) ?? !onlyWhenNamed;
    const results = [];
    for (const program of PROGRAMS.filter(wanted)) results.push(...(await measure(program, cache)));
    return report(results);
  } finally {
    rmSync(cache, { recursive: true });
  }
}

async function measure({ name, file }, cache) {
  progress(`blocked: ${name}`);
  const settings = {
    uncached: ['gantry', { GANTRY_CACHE: 'off' }],
    cached: ['gantry', { GANTRY_CACHE: cache }],
    builtin: ['builtin', {}],
  };
  await measureInChild('startup.mjs', ['gantry', file, 'keep'], { env: settings.cached[1] });
  const results = [];
  for (const way of WAYS) {
    const samples = { uncached: [], cached: [], builtin: [] };
    for (let i = 0; i < ROUNDS; i++) {
      for (const [setting, [engine, env]] of Object.entries(settings)) {
        samples[setting].push(await measureInChild('blocked.mjs', [engine, file, way], { env }));
      }
    }
    const summary = (setting) => {
      const of = (key) => median(samples[setting].map((sample) => sample[key]));
      return { turn: of('turn'), given: Math.max(of('copy'), of('instance')) };
    };
    results.push({
      name,
      way,
      ...Object.fromEntries(Object.keys(samples).map((setting) => [setting, summary(setting)])),
    });
  }
  return results;
}

function report(results) {
  const cell = ({ turn, given }) => `${turn.toFixed(1)} (${given.toFixed(1)})`;
  const rows = results.map((r) => [`${r.name}, ${r.way}`, cell(r.uncached), cell(r.cached), cell(r.builtin)]);
  table(title, ['program', 'uncached', 'cached', 'built-in'], rows);
  const targets = results.flatMap((result) =>
    ['uncached', 'cached'].map((setting) => {
      const { turn, given } = result[setting];
      return target(
        `${result.name}, ${result.way}, ${setting}: JS thread blocked`,
        Math.max(0, turn - given),
        LIMIT,
        'ms',
      );
    }),
  );
  return { results, targets };
}
