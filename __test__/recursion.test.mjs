// Recursion without an end is an error that can be caught, again and again, and the process goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { both } from './helpers/both.mjs';
import { scriptWith, succeed } from './helpers/child.mjs';
import { instanceOf } from './helpers/wat.mjs';

const TIMES = 1000;

/** As the built-in engine does: a RangeError, like that of JavaScript. */
function overflows(f, WebAssembly) {
  try {
    f();
  } catch (error) {
    assert.ok(error instanceof RangeError || error instanceof WebAssembly.RuntimeError, String(error));
    return error;
  }
  return assert.fail('did not throw');
}

both('wasm to itself', (WebAssembly) => {
  const { f, ok } = instanceOf(
    WebAssembly,
    `(module (func $f (export "f") (param i64) (result i64) (i64.add (call $f (local.get 0)) (i64.const 1)))
      (func (export "ok") (result i32) (i32.const 5)))`,
  );
  for (let n = 0; n < TIMES; n++) {
    const error = overflows(() => f(1n), WebAssembly);
    if (n === 0) assert.match(error.stack, /wasm-function\[0\]/);
    assert.equal(ok(), 5);
  }
});

both('wasm with large frames, through a table, and between instances', (WebAssembly) => {
  const locals = Array.from({ length: 500 }, (_, n) => `(local $l${n} i64)`).join('');
  const uses = Array.from({ length: 500 }, (_, n) => `(local.set $l${n} (call $id (i64.const ${n})))`).join(
    '',
  );
  const sum = Array.from({ length: 500 }, (_, n) => `(i64.add (local.get $l${n}))`).join('');
  const a = instanceOf(
    WebAssembly,
    `(module (table (export "t") 1 funcref) (type $v (func))
      (func $id (param i64) (result i64) (local.get 0))
      (func (export "large") (result i64) ${locals} ${uses} (call_indirect (type $v) (i32.const 0)) (i64.const 0) ${sum})
      (func (export "again") (call_indirect (type $v) (i32.const 0))))`,
  );
  const b = instanceOf(
    WebAssembly,
    `(module (import "a" "t" (table 1 funcref)) (import "a" "large" (func $large (result i64)))
      (func $f (drop (call $large))) (elem (i32.const 0) $f))`,
    { a },
  );
  assert.ok(b);
  for (let n = 0; n < TIMES; n++) {
    overflows(a.large, WebAssembly);
    overflows(a.again, WebAssembly);
  }
});

both('wasm to JavaScript to wasm', (WebAssembly) => {
  let deepest = 0;
  let depth = 0;
  const exports = instanceOf(
    WebAssembly,
    '(module (import "m" "f" (func $f)) (func (export "f") (call $f)) (func (export "ok") (result i32) (i32.const 5)))',
    {
      m: {
        f() {
          depth++;
          if (depth > deepest) deepest = depth;
          exports.f();
        },
      },
    },
  );
  for (let n = 0; n < 50; n++) {
    depth = 0;
    overflows(exports.f, WebAssembly);
    assert.equal(exports.ok(), 5);
  }
  assert.ok(deepest > 500, `only ${deepest} levels`);
});

both('the error can be caught at any depth, and calls work there', (WebAssembly) => {
  let caught = 0;
  const exports = instanceOf(
    WebAssembly,
    `(module (import "m" "f" (func $f (param i32))) (func (export "f") (param i32) (call $f (local.get 0)))
      (func $r (export "r") (call $r)))`,
    {
      m: {
        f(n) {
          if (n > 0) return exports.f(n - 1);
          overflows(exports.r, WebAssembly);
          caught++;
          return 0;
        },
      },
    },
  );
  for (let n = 0; n < 50; n++) exports.f(n);
  assert.equal(caught, 50);
});

const LOOP = `
  const exports = exportsOf('both', { m: { f: () => exports.viaJs() } });
  const isOverflow = (e) => e instanceof RangeError || e instanceof WebAssembly.RuntimeError;
  for (let n = 0; n < TIMES; n++) {
    assert.throws(exports.viaJs, isOverflow);
    assert.throws(exports.own, isOverflow);
  }
  console.log('went on');`;
const BOTH = `(module (import "m" "f" (func $f)) (func (export "viaJs") (call $f)) (func $r (export "own") (call $r)))`;

/** [what, Node's flags, options of a worker, rounds]: a level through JavaScript costs some 25 µs. */
const STACKS = [
  ['the usual stack', [], null, 30],
  ['a small stack, 1,000 times', ['--stack-size=120'], null, 1000],
  ['a large stack', ['--stack-size=4000'], null, 5],
  ['a worker', [], {}, 30],
  ['a worker with a small stack', [], { resourceLimits: { stackSizeMb: 1 } }, 100],
];

for (const [what, flags, workerOptions, times] of STACKS) {
  test(`a process with ${what}`, { timeout: 120_000 }, async () => {
    const loop = LOOP.replace('TIMES', times);
    const main = `const w = worker(${JSON.stringify(loop)}, ${JSON.stringify(workerOptions)});
      w.on('error', (error) => { console.log(error); process.exitCode = 1; });`;
    const script = scriptWith({ both: BOTH }, workerOptions ? main : loop);
    assert.equal(await succeed(script, { flags, timeout: 100_000 }), 'went on');
  });
}
