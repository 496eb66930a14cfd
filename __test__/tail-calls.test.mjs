// Tail calls take no stack: within a module, between instances, through tables and imports.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebAssembly } from 'gantry-wasm';
import { scriptWith, succeed } from './helpers/child.mjs';
import { instanceOf, wat } from './helpers/wat.mjs';

const DEPTH = 1_000_000;

test('a million deep within a module', () => {
  const { even } = instanceOf(
    WebAssembly,
    `(module
      (func $even (export "even") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
        (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
      (func $odd (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (return_call $even (i32.sub (local.get 0) (i32.const 1)))))`,
  );
  assert.equal(even(DEPTH), 1);
  assert.equal(even(DEPTH + 1), 0);
});

test('a million deep between two instances, by import and by table', () => {
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 2 });
  const odd = instanceOf(
    WebAssembly,
    `(module
      (type $t (func (param i32 i64 f64) (result i32)))
      (import "m" "table" (table 2 funcref))
      (func $odd (export "odd") (type $t)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (return_call_indirect (type $t)
          (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (local.get 2) (i32.const 0)))
      (elem (i32.const 1) $odd))`,
    { m: { table } },
  );
  const { even } = instanceOf(
    WebAssembly,
    `(module
      (type $t (func (param i32 i64 f64) (result i32)))
      (import "m" "table" (table 2 funcref))
      (import "m" "odd" (func $odd (type $t)))
      (func $even (export "even") (type $t)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
        (return_call $odd (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (local.get 2)))
      (elem (i32.const 0) $even))`,
    { m: { table, ...odd } },
  );
  assert.equal(even(DEPTH, 1n, 0.5), 1);
});

test('of a function of JavaScript', () => {
  const seen = [];
  const { run } = instanceOf(
    WebAssembly,
    `(module
      (import "m" "f" (func $f (param i32 i64) (result f64)))
      (func (export "run") (param i32) (result f64) (return_call $f (local.get 0) (i64.const 7))))`,
    { m: { f: (...args) => seen.push(args) / 2 } },
  );
  assert.equal(run(3), 0.5);
  assert.deepEqual(seen, [[3, 7n]]);
  const error = new Error('thrown');
  const thrower = instanceOf(
    WebAssembly,
    '(module (import "m" "f" (func $f)) (func (export "run") (return_call $f)))',
    {
      m: {
        f: () => {
          throw error;
        },
      },
    },
  );
  assert.throws(thrower.run, (thrown) => thrown === error);
});

test('more parameters and results than fit in registers', () => {
  const types = 'i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64';
  const locals = Array.from({ length: 12 }, (_, i) => `local.get ${i}`).join(' ');
  const { run } = instanceOf(
    WebAssembly,
    `(module
      (type $t (func (param ${types}) (result ${types})))
      (func $a (type $t) (if (i32.eqz (local.get 0)) (then ${locals} return))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1))) ${locals} return_call $b)
      (func $b (type $t) ${locals} return_call $a)
      (func (export "run") (type $t) ${locals} return_call $a))`,
  );
  const args = [50_000, 2n, 3, 4, 5, 6n, 7, 8, 9, 10n, 11, 12];
  assert.deepEqual(run(...args), [0, ...args.slice(1)]);
});

test('recursion without end can be interrupted', async () => {
  const printed = await succeed(
    scriptWith(
      {
        endless: `(module (table 1 funcref) (elem (i32.const 0) $g)
          (func $f (export "f") (return_call $f))
          (func $g (export "g") (return_call_indirect (i32.const 0))))`,
      },
      `const vm = require('node:vm');
      const { f, g } = exportsOf('endless');
      for (const endless of [f, g]) {
        assert.throws(() => vm.runInNewContext('endless()', { endless }, { timeout: 50 }), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' });
      }
      const running = worker("parentPort.postMessage(0); exportsOf('endless').f()");
      await once(running, 'message');
      console.log(await running.terminate());`,
    ),
  );
  assert.equal(printed, '1');
});

test('the built-in engine agrees where it has them', (t) => {
  const bytes = wat(
    '(module (func $f (export "f") (param i32) (result i32) (return_call $f (local.get 0))))',
  );
  t.diagnostic(
    `the built-in engine ${globalThis.WebAssembly.validate(bytes) ? 'has' : 'has not'} tail calls`,
  );
  assert.equal(WebAssembly.validate(bytes), true);
});
