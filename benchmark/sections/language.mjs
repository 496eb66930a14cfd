// What came with WebAssembly 3.0 and threads: time of Gantry against that of the built-in engine, where that can do it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ENGINES, NAMES } from '../lib/engines.mjs';
import { quiet } from '../lib/quiet.mjs';
import { table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';

const { host } = createRequire(import.meta.url)('../../js/binding.js');
const ROUNDS = 7;

export const title = 'Language, ms';

/** Kernel, what it does, its bound, and the call. */
const ROWS = [
  ['language', 'allocate 3.3 M structs', 1.5, ({ allocate }) => allocate(100)],
  ['language', 'follow 10 M references', 1, ({ chase }) => chase(10), ({ keep }) => keep(19)],
  ['language', 'throw and catch 100,000 times', 1, (e) => e.try(100_000, 0)],
  ['language', '10 M calls in a try that do not throw', 1, (e) => e.try(10_000_000, -1)],
  ['language', '10 M tail calls', 1, ({ tail }) => tail(10_000_000, 0)],
  ['memories', 'sum 100 MB with 32-bit addresses', undefined, ({ narrow }) => narrow(100)],
  ['memories', 'sum 100 MB with 64-bit addresses', 1, ({ wide }) => wide(100)],
  ['memories', '5 M atomic additions', 1, ({ atomics }) => atomics(5_000_000)],
  ['memories', '5 M atomic stores', 1, ({ stores }) => stores(5_000_000)],
  ['memories', '5 M atomic loads', 1, ({ loads }) => loads(5_000_000)],
  ['memories', '100,000 notifications of nobody', undefined, ({ notify }) => notify(100_000)],
];

/** Depth of the tree that is alive while pauses are measured: 8 M nodes of 32 bytes, 16 with V8. */
const LIVE_DEPTH = 22;

export async function run() {
  const kernels = { language: instances('language'), memories: instances('memories') };
  await quiet();
  const results = ROWS.map(([kernel, what, limit, call, prepare]) => ({
    what,
    limit,
    ...measure(kernels[kernel], call, prepare),
  }));
  const rows = results.map(({ what, gantry, builtin }) => [
    what,
    gantry.toFixed(1),
    builtin === undefined ? 'cannot' : builtin.toFixed(1),
    builtin === undefined ? '' : (gantry / builtin).toFixed(2),
  ]);
  table(title, ['what', 'Gantry', 'built-in', 'ratio'], rows);
  const pauses = longestCalls(kernels.language);
  console.log(
    `  longest of 1,000 calls that allocate 1 MB each, with 8 M structs alive: ${pauses.join(', ')}`,
  );
  const bounded = results.filter(({ limit, builtin }) => limit && builtin !== undefined);
  return { results, targets: bounded.map((r) => target(r.what, r.gantry / r.builtin, r.limit)) };
}

/** The kernel's exports on each engine; undefined where it is refused. */
function instances(kernel) {
  const source = readFileSync(new URL(`../kernels/wat/${kernel}.wat`, import.meta.url), 'utf8');
  const bytes = host.parseText(source, `${kernel}.wat`);
  const made = {};
  for (const engine of NAMES) {
    const W = ENGINES[engine];
    if (W.validate(bytes)) made[engine] = new W.Instance(new W.Module(bytes)).exports;
  }
  return made;
}

function measure(exports, call, prepare) {
  const times = {};
  const answers = [];
  for (const engine of Object.keys(exports)) {
    prepare?.(exports[engine]);
    times[engine] = [];
  }
  for (let round = 0; round < ROUNDS * 2; round++) {
    for (const engine of Object.keys(exports)) {
      const started = performance.now();
      const answer = call(exports[engine]);
      // The first half is the warm-up.
      if (round >= ROUNDS) times[engine].push(performance.now() - started);
      if (round === 0) answers.push(answer);
    }
  }
  for (const answer of answers) assert.equal(answer, answers[0], 'the engines disagree');
  return { gantry: median(times.gantry), builtin: times.builtin && median(times.builtin) };
}

/** How long the longest of many short calls takes while much is alive: a bound for what collections stop. */
function longestCalls(exports) {
  return Object.entries(exports).map(([engine, { keep, allocate }]) => {
    keep(LIVE_DEPTH);
    let longest = 0;
    for (let n = 0; n < 1000; n++) {
      const started = performance.now();
      allocate(1);
      longest = Math.max(longest, performance.now() - started);
    }
    keep(0);
    return `${engine} ${longest.toFixed(1)} ms`;
  });
}
