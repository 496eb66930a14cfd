// Fresh processes: from bytes in memory to a module and to the first useful result, with a cache that has nothing of the module, and with its
// code in it.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureInChild } from '../lib/child.mjs';
import { progress, table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';

/** Small programs are quick, and the built-in engine's times of them spread widely. */
const ROUNDS = { large: 5, small: 31 };
/** Small programs have bounds of their own. */
const LIMITS = { large: { uncached: 2.5, cached: 0.5 }, small: { uncached: 1.3, cached: 0.6 } };
const MODULE_LIMIT = { esbuild: 10 };
const inPackages = (path) => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));
const kernel = (name) => fileURLToPath(new URL(`../kernels/wasm/${name}.wasm`, import.meta.url));

/** What is compiled, and the program whose first result it gives. */
const PROGRAMS = [
  { name: 'esbuild', size: 'large', file: inPackages('esbuild-wasm/esbuild.wasm') },
  { name: 'sql.js', size: 'large', file: inPackages('sql.js/dist/sql-wasm.wasm') },
  { name: 'ruby', size: 'large', file: inPackages('@ruby/3.4-wasm-wasi/dist/ruby.wasm') },
  // Takes minutes, most of them to fill the cache.
  { name: 'clang', size: 'large', file: inPackages('@yowasp/clang/gen/llvm.core.wasm'), onlyWhenNamed: true },
  { name: 'source-map', size: 'small', file: inPackages('source-map/lib/mappings.wasm') },
  { name: 'sha256', size: 'small', file: kernel('sha256') },
  { name: 'interpreter', size: 'small', file: kernel('interpreter') },
];

export const title =
  'Fresh processes, ms: new Module / compile() / its longest turn beyond copying the bytes, and the first result';

export async function run({ only }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gantry-bench-'));
  const caches = { uncached: path.join(folder, 'uncached'), cached: path.join(folder, 'cached') };
  try {
    // From here on the package's own JavaScript is in both, as it is after its first use on a machine.
    for (const cache of Object.values(caches)) {
      await measureInChild('first.mjs', ['gantry', 'source-map'], { env: { GANTRY_CACHE: cache } });
    }
    const wanted = ({ name, onlyWhenNamed }) => only?.includes(name) ?? !onlyWhenNamed;
    const results = [];
    for (const program of PROGRAMS.filter(wanted)) results.push(await measure(program, caches));
    return report(results);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(results) {
  const ways = ['uncached', 'cached', 'builtin'];
  const cells = (r) => [r.waiting, r.background, r.blocked, r.first].map((n) => n.toFixed(1));
  const rows = results.map((result) => [
    result.name,
    ...ways.flatMap((way) => cells(result[way])),
    ...['uncached', 'cached']
      .flatMap((way) => [ratio(result, way, 'waiting'), ratio(result, way, 'first')])
      .map(percent),
  ]);
  const head = ways.flatMap((way) => [`${way}: Module`, 'compile()', 'turn', 'result']);
  table(title, ['program', ...head, 'uncached: Module', 'result', 'cached: Module', 'result'], rows);
  return { results, targets: results.flatMap(targetsOf) };
}

/** Of processes that ran one after the other: the speed of a machine changes meanwhile. */
const ratio = ({ samples }, way, key) =>
  median(samples[way].map((sample, i) => sample[key] / samples.builtin[i][key]));
const percent = (n) => n.toFixed(2);

function targetsOf(result) {
  const { name, size } = result;
  const targets = ['uncached', 'cached'].flatMap((way) => {
    const limit = LIMITS[size][way];
    const first = target(
      `${name}, ${way}: bytes to first result, to the built-in's`,
      ratio(result, way, 'first'),
      limit,
    );
    const module = target(
      `${name}, ${way}: bytes to Module, to the built-in's`,
      ratio(result, way, 'waiting'),
      limit,
    );
    return size === 'large' ? [module, first] : [first];
  });
  if (name in MODULE_LIMIT)
    targets.push(target(`${name}, cached: bytes to Module`, result.cached.waiting, MODULE_LIMIT[name], 'ms'));
  return [...targets, target(`${name}: JS thread blocked by compile()`, result.uncached.blocked, 10, 'ms')];
}

/** Removes what a cache has of modules. */
function forgetModules(cache) {
  for (const name of readdirSync(cache)) {
    if (!name.endsWith('.gtn')) rmSync(path.join(cache, name));
  }
}

async function measure({ name, size, file }, caches) {
  progress(`startup: ${name}`);
  const ways = {
    uncached: ['gantry', { env: { GANTRY_CACHE: caches.uncached } }],
    cached: ['gantry', { env: { GANTRY_CACHE: caches.cached } }],
    builtin: ['builtin', {}],
  };
  await measureInChild('first.mjs', ['gantry', name, 'keep'], ways.cached[1]);
  await measureInChild('startup.mjs', ['gantry', file, 'keep'], ways.cached[1]);
  const samples = { uncached: [], cached: [], builtin: [] };
  for (let i = 0; i < ROUNDS[size]; i++) {
    for (const [way, [engine, options]] of Object.entries(ways)) {
      forgetModules(caches.uncached);
      const compiled = await measureInChild('startup.mjs', [engine, file], options);
      forgetModules(caches.uncached);
      const { result } = await measureInChild('first.mjs', [engine, name], options);
      samples[way].push({ ...compiled, first: result });
    }
  }
  const summary = (way) => {
    const of = (key) => median(samples[way].map((sample) => sample[key]));
    return {
      waiting: of('waiting'),
      background: of('background'),
      blocked: of('blocked'),
      first: of('first'),
    };
  };
  return { name, size, samples, ...Object.fromEntries(Object.keys(ways).map((way) => [way, summary(way)])) };
}
