// What the objects of the JS API cost, beside those of the built-in engine: nanoseconds an access, microseconds an instance or a trap.

import assert from 'node:assert/strict';
import { ENGINES, NAMES } from '../lib/engines.mjs';
import { table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';
import { trapping, withMemory } from '../lib/tiny.mjs';

const ROUNDS = 9;
/** How often the built-in engine's time. */
const LIMIT = 3;

export const title = 'Objects, ns';

/** By name: how often a round does it, and a round, given what `make` gives. Functions of their own for each engine. */
const ROWS = {
  'new Instance': [
    200,
    ({ W, module }, n) => {
      for (let i = 0; i < n; i++) new W.Instance(module);
    },
  ],
  'Table.get': [
    100_000,
    ({ functions }, n) => {
      let last;
      for (let i = 0; i < n; i++) last = functions.get(i & 3);
      return last === null;
    },
  ],
  'Table.set': [
    100_000,
    ({ functions, f }, n) => {
      for (let i = 0; i < n; i++) functions.set(i & 3, f);
    },
  ],
  'Table.get, externref': [
    100_000,
    ({ values }, n) => {
      let last;
      for (let i = 0; i < n; i++) last = values.get(i & 3);
      return last;
    },
  ],
  'Table.set, externref': [
    100_000,
    ({ values, object }, n) => {
      for (let i = 0; i < n; i++) values.set(i & 3, object);
    },
  ],
  'Table.length': [
    100_000,
    ({ functions }, n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += functions.length;
      return sum;
    },
  ],
  'Global.value': [
    100_000,
    ({ global }, n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += global.value;
      return sum;
    },
  ],
  'Global.value = ': [
    100_000,
    ({ global }, n) => {
      for (let i = 0; i < n; i++) global.value = i & 1;
    },
  ],
  'Memory.buffer': [
    100_000,
    ({ memory }, n) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += memory.buffer.byteLength;
      return sum;
    },
  ],
  trap: [
    200,
    ({ trap }, n) => {
      for (let i = 0; i < n; i++)
        try {
          trap();
        } catch {
          // It is what is measured.
        }
    },
  ],
};

export async function run() {
  const results = Object.entries(ROWS).map(([name, [times, body]]) => ({ name, ...measure(times, body) }));
  const rows = results.map((r) => [
    r.name,
    r.gantry.toFixed(0),
    r.builtin.toFixed(0),
    (r.gantry / r.builtin).toFixed(2),
  ]);
  table(title, ['object', 'Gantry', 'built-in', 'ratio'], rows);
  return {
    results,
    targets: results.map((r) => target(r.name, r.gantry / r.builtin, r.name === 'trap' ? undefined : LIMIT)),
  };
}

function measure(times, body) {
  const sides = NAMES.map((engine) => ({
    engine,
    made: make(ENGINES[engine]),
    round: new Function(`return ${body}`)(),
    spent: [],
  }));
  const [first, second] = sides.map(({ made, round }) => round(made, 8));
  if (typeof first !== 'object') assert.equal(first, second, 'the engines disagree');
  for (let i = 0; i < ROUNDS * 2; i++) {
    for (const { made, round, spent } of sides) {
      const started = performance.now();
      round(made, times);
      // The first half is the warm-up.
      if (i >= ROUNDS) spent.push(((performance.now() - started) * 1e6) / times);
    }
  }
  return Object.fromEntries(sides.map(({ engine, spent }) => [engine, median(spent)]));
}

function make(W) {
  const module = new W.Module(withMemory);
  const { trap, f } = new W.Instance(new W.Module(trapping)).exports;
  return {
    W,
    module,
    trap,
    f,
    object: {},
    functions: new W.Table({ element: 'anyfunc', initial: 4 }),
    values: new W.Table({ element: 'externref', initial: 4 }),
    global: new W.Global({ value: 'i32', mutable: true }, 1),
    memory: new W.Memory({ initial: 1 }),
  };
}
