// What user code can observe of conversions: their order, their side effects, and calls in the middle of them.
// https://webassembly.github.io/spec/js-api/#call-an-exported-function

import assert from 'node:assert/strict';
import { both } from '../helpers/both.mjs';
import { instanceOf } from '../helpers/wat.mjs';

/** An object that logs when it is converted. */
const logging = (log, name, value) => ({
  [Symbol.toPrimitive](hint) {
    log.push(`${name}:${hint}`);
    if (value instanceof Error) throw value;
    return value;
  },
});

both('arguments are converted in order, all before the call', (WebAssembly) => {
  const log = [];
  const { f } = instanceOf(
    WebAssembly,
    `(module (import "m" "log" (func $log)) (func (export "f") (param i32 i64 externref f32 f64) (call $log)))`,
    { m: { log: () => log.push('call') } },
  );
  f(
    logging(log, 'a', 1),
    logging(log, 'b', 2n),
    logging(log, 'c', 3),
    logging(log, 'd', 4),
    logging(log, 'e', '5'),
  );
  assert.deepEqual(log, ['a:number', 'b:number', 'd:number', 'e:number', 'call']);
});

both('a conversion that throws ends the call with what it threw', (WebAssembly) => {
  const log = [];
  const error = new Error('conversion');
  const { f } = instanceOf(
    WebAssembly,
    `(module (import "m" "log" (func $log)) (func (export "f") (param i32 i32 i32) (call $log)))`,
    { m: { log: () => log.push('call') } },
  );
  assert.throws(
    () => f(logging(log, 'a', 1), logging(log, 'b', error), logging(log, 'c', 1)),
    (thrown) => thrown === error,
  );
  assert.throws(() => f(logging(log, 'd', 1), 7n, logging(log, 'e', 1)), TypeError);
  assert.deepEqual(log, ['a:number', 'b:number', 'd:number']);
});

both('conversions may call wasm', (WebAssembly) => {
  const { sub, mix } = instanceOf(
    WebAssembly,
    `(module
      (func (export "sub") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
      (func (export "mix") (param i32 i64 f32 externref f64) (result i32 i64 f32 externref f64)
        (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)))`,
  );
  const calling = (value) => ({
    valueOf() {
      assert.equal(sub(100, 1), 99);
      assert.deepEqual(mix(-1, -1n, -1, null, -1), [-1, -1n, -1, null, -1]);
      return value;
    },
  });
  assert.equal(sub(calling(10), calling(4)), 6);
  assert.equal(sub(10, calling(4)), 6);
  const kept = {};
  assert.deepEqual(mix(calling(1), calling(2n), calling(3), kept, calling(5)), [1, 2n, 3, kept, 5]);
});

both('results of imports are converted in order, after the iteration', (WebAssembly) => {
  const log = [];
  const { f } = instanceOf(
    WebAssembly,
    `(module (import "m" "f" (func $f (result i32 i64 f64))) (func (export "f") (result i32 i64 f64) (call $f)))`,
    {
      m: {
        f: () => ({
          *[Symbol.iterator]() {
            log.push('start');
            yield logging(log, 'a', 1.5);
            yield logging(log, 'b', 2n);
            yield logging(log, 'c', '3');
            log.push('end');
          },
        }),
      },
    },
  );
  assert.deepEqual(f(), [1, 2n, 3]);
  assert.deepEqual(log, ['start', 'end', 'a:number', 'b:number', 'c:number']);
});

both('conversion of an import result may call wasm', (WebAssembly) => {
  const exports = instanceOf(
    WebAssembly,
    `(module (import "m" "f" (func $f (param i32) (result i32 f64)))
      (func (export "f") (param i32) (result i32 f64) (call $f (local.get 0)))
      (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2))))`,
    {
      m: {
        f: (n) => [
          { valueOf: () => exports.half(n * 2) },
          { valueOf: () => exports.half(n) + exports.half(1) },
        ],
      },
    },
  );
  assert.deepEqual(exports.f(8), [8, 4.5]);
});

both('import results: how many, and what they are', (WebAssembly) => {
  let result;
  const { none, one, two } = instanceOf(
    WebAssembly,
    `(module (import "m" "f" (func $0)) (import "m" "f" (func $1 (result i32))) (import "m" "f" (func $2 (result i32 i32)))
      (func (export "none") (call $0)) (func (export "one") (result i32) (call $1))
      (func (export "two") (result i32 i32) (call $2)))`,
    { m: { f: () => result } },
  );
  result = Symbol('ignored');
  assert.equal(none(), undefined);
  assert.throws(one, TypeError);
  result = undefined;
  assert.equal(one(), 0);
  result = '12';
  assert.equal(one(), 12);
  assert.deepEqual(two(), [1, 2]);
  for (result of [new Set([3, 4]), [3, 4], Int8Array.of(3, 4), [3, 4].values()]) {
    assert.deepEqual(two(), [3, 4]);
  }
  for (result of [undefined, null, 5, {}, [1], [1, 2, 3], [], { length: 2, 0: 1, 1: 2 }, [1, 7n], 'abc']) {
    assert.throws(two, TypeError);
  }
});

both('imports are called with undefined as this and exactly their arguments', (WebAssembly) => {
  let seen;
  const { f } = instanceOf(
    WebAssembly,
    `(module (import "m" "f" (func $f (param i32 i64 f32 f64 externref funcref))) (export "call" (func $g))
      (func $g (export "f") (param externref)
        (call $f (i32.const -1) (i64.const -2) (f32.const 0.1) (f64.const 0.1) (local.get 0) (ref.func $g))))`,
    {
      m: {
        f(...args) {
          seen = [this, ...args];
        },
      },
    },
  );
  const value = {};
  f(value);
  assert.deepEqual(seen.slice(0, 5), [undefined, -1, -2n, Math.fround(0.1), 0.1]);
  assert.equal(seen[5], value);
  assert.equal(seen[6], f);
});
