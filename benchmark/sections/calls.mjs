// The cost of crossing the border between JavaScript and wasm, in nanoseconds a call.

import assert from 'node:assert/strict';
import { ENGINES, NAMES, readKernel } from '../lib/engines.mjs';
import { table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';

const CALLS = 300_000;
const ROUNDS = 9;

export const title = 'Calls, ns';

const HOST = {
  i32: (a, b) => (a + b) | 0,
  f64: (a, b, c, d) => a + b + c + d,
  i64: (a) => a + 1n,
  ref: (a) => a,
  none: () => {},
};
const object = { an: 'object' };

/** Each direction is a function of its own, so that its call site sees one kind of callee only. */
const LOOPS = [
  [
    'JS → wasm',
    '(i32, i32) → i32',
    40,
    ({ i32 }) => {
      let x = 0;
      for (let i = 0; i < CALLS; i++) x = i32(x, i);
      return x;
    },
  ],
  [
    'JS → wasm',
    '() → ()',
    undefined,
    ({ none }) => {
      for (let i = 0; i < CALLS; i++) none();
    },
  ],
  [
    'JS → wasm',
    '(f64 × 4) → f64',
    undefined,
    ({ f64 }) => {
      let x = 0;
      for (let i = 0; i < CALLS; i++) x = f64(x, 1, 0.5, 0.25);
      return x;
    },
  ],
  [
    'JS → wasm',
    '(i64) → i64',
    undefined,
    ({ i64 }) => {
      let x = 0n;
      for (let i = 0; i < CALLS; i++) x = i64(x);
      return x;
    },
  ],
  [
    'JS → wasm',
    '(externref) → externref',
    undefined,
    ({ ref }) => {
      let x = object;
      for (let i = 0; i < CALLS; i++) x = ref(x);
      return x;
    },
  ],
  ['wasm → JS', '(i32, i32) → i32', 40, ({ loop_i32 }) => loop_i32(CALLS)],
  ['wasm → JS', '() → ()', undefined, ({ loop_none }) => loop_none(CALLS)],
  ['wasm → JS', '(f64 × 4) → f64', undefined, ({ loop_f64 }) => loop_f64(CALLS)],
  ['wasm → JS', '(i64) → i64', undefined, ({ loop_i64 }) => loop_i64(CALLS)],
  ['wasm → JS', '(externref) → externref', undefined, ({ loop_ref }) => loop_ref(object, CALLS)],
];

export async function run() {
  const results = [];
  for (const [direction, signature, limit, loop] of LOOPS) {
    results.push({ direction, signature, limit, ...(await measure(loop)) });
  }
  const rows = results.map((r) => [r.direction, r.signature, r.gantry.toFixed(1), r.builtin.toFixed(1)]);
  table(title, ['direction', 'signature', 'Gantry', 'built-in'], rows);
  const bounded = results.filter((r) => r.limit);
  return {
    results,
    targets: bounded.map((r) => target(`${r.direction} ${r.signature}`, r.gantry, r.limit, 'ns')),
  };
}

async function measure(loop) {
  // A copy for each engine: V8 inlines what a call site has seen, and would see two engines' functions.
  const loops = {};
  const exports = {};
  const times = {};
  for (const engine of NAMES) {
    loops[engine] = copy(loop);
    exports[engine] = await instantiate(engine);
    times[engine] = [];
  }
  assert.deepEqual(loops.gantry(exports.gantry), loops.builtin(exports.builtin), 'the engines disagree');
  for (let i = 0; i < ROUNDS * 2; i++) {
    for (const engine of NAMES) {
      const started = performance.now();
      loops[engine](exports[engine]);
      // The first half is the warm-up.
      if (i >= ROUNDS) times[engine].push(((performance.now() - started) * 1e6) / CALLS);
    }
  }
  return { gantry: median(times.gantry), builtin: median(times.builtin) };
}

const copy = (loop) => new Function('CALLS', 'object', `return ${loop}`)(CALLS, object);

async function instantiate(engine) {
  const host = Object.fromEntries(Object.entries(HOST).map(([name, body]) => [name, copy(body)]));
  const { instance } = await ENGINES[engine].instantiate(readKernel('calls'), { host });
  return instance.exports;
}
