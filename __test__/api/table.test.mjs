// WebAssembly.Table. https://webassembly.github.io/spec/js-api/#tables

import assert from 'node:assert/strict';
import { both } from '../helpers/both.mjs';
import { instanceOf } from '../helpers/wat.mjs';

const functions = (WebAssembly) =>
  instanceOf(
    WebAssembly,
    `(module (func (export "one") (result i32) (i32.const 1)) (func (export "two") (result i32) (i32.const 2)))`,
  );

both('limits: what is a TypeError and what a RangeError', (WebAssembly) => {
  const make = (descriptor) => () => new WebAssembly.Table(descriptor);
  for (const descriptor of [undefined, null, 5, {}, { initial: 1 }, { element: 'anyfunc' }]) {
    assert.throws(make(descriptor), TypeError);
  }
  for (const element of ['i32', 'func', '', undefined, null, 'ANYFUNC', 5]) {
    assert.throws(make({ element, initial: 1 }), TypeError, String(element));
  }
  for (const number of [-1, NaN, Infinity, 2 ** 32, 'x', {}, Symbol.iterator, 1n]) {
    assert.throws(make({ element: 'anyfunc', initial: number }), TypeError, String(number));
    assert.throws(make({ element: 'anyfunc', initial: 0, maximum: number }), TypeError, String(number));
  }
  assert.throws(make({ element: 'anyfunc', initial: 2, maximum: 1 }), RangeError);
  assert.throws(make({ element: 'anyfunc', initial: 10_000_001 }), RangeError);
  assert.equal(make({ element: 'anyfunc', initial: 1, maximum: 2 ** 32 - 1 })().length, 1);
  for (const initial of [0, 1, 1.9, '2', null, true]) {
    assert.equal(make({ element: 'externref', initial })().length, Math.trunc(Number(initial)));
  }
});

both('element types and initial values', (WebAssembly) => {
  const { one } = functions(WebAssembly);
  const table = (element, ...value) => new WebAssembly.Table({ element, initial: 2 }, ...value);
  assert.equal(table('anyfunc').get(1), null);
  assert.equal(table('anyfunc', undefined).get(1), null);
  assert.equal(table('anyfunc', null).get(1), null);
  assert.equal(table('anyfunc', one).get(1), one);
  assert.equal(table('externref').get(1), undefined);
  assert.equal(table('externref', undefined).get(1), undefined);
  assert.equal(table('externref', null).get(1), null);
  assert.equal(table('externref', 'text').get(0), 'text');
  for (const value of [5, 'x', {}, () => {}]) assert.throws(() => table('anyfunc', value), TypeError);
});

both('get and set', (WebAssembly) => {
  const { one, two } = functions(WebAssembly);
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 3 });
  assert.equal(table.set(0, one), undefined);
  table.set('1', two);
  assert.deepEqual([table.get(0), table.get(1.9), table.get('2')], [one, two, null]);
  table.set(0);
  assert.equal(table.get(0), null);
  table.set(1, null);
  assert.equal(table.get(1), null);
  for (const index of [3, 0xffffffff]) {
    assert.throws(() => table.get(index), RangeError);
    assert.throws(() => table.set(index, one), RangeError);
  }
  for (const index of [undefined, -1, 2 ** 32, NaN, {}, 'x', 1n]) {
    assert.throws(() => table.get(index), TypeError);
    assert.throws(() => table.set(index, one), TypeError);
  }
  assert.throws(() => table.get(), TypeError);
  assert.throws(() => table.set(), TypeError);
  for (const value of [5, {}, () => {}, 'x']) assert.throws(() => table.set(0, value), TypeError);
});

both('set without a value is null for functions, undefined for externref', (WebAssembly) => {
  const table = new WebAssembly.Table({ element: 'externref', initial: 1 }, 5);
  table.set(0);
  assert.equal(table.get(0), undefined);
  table.set(0, null);
  assert.equal(table.get(0), null);
  const { one } = functions(WebAssembly);
  const functionTable = new WebAssembly.Table({ element: 'anyfunc', initial: 1 }, one);
  functionTable.set(0);
  assert.equal(functionTable.get(0), null);
});

both('grow', (WebAssembly) => {
  const { one, two } = functions(WebAssembly);
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1, maximum: 5 }, one);
  assert.equal(table.grow(1), 1);
  assert.equal(table.grow(2, two), 2);
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => table.get(index)),
    [one, null, two, two],
  );
  assert.equal(table.grow(0), 4);
  assert.throws(() => table.grow(2), RangeError);
  assert.throws(() => table.grow(0xffffffff), RangeError);
  assert.throws(() => table.grow(1, 5), TypeError);
  for (const delta of [undefined, -1, 2 ** 32, NaN, 'x']) assert.throws(() => table.grow(delta), TypeError);
  assert.throws(() => table.grow(), TypeError);
  assert.equal(table.length, 4);
  const values = new WebAssembly.Table({ element: 'externref', initial: 0 });
  values.grow(1);
  values.grow(1, null);
  values.grow(1, 'x');
  assert.deepEqual([values.get(0), values.get(1), values.get(2)], [undefined, null, 'x']);
  assert.throws(() => values.grow(10_000_000), RangeError);
});

both('wasm and JavaScript see one table', (WebAssembly) => {
  const { one, two } = functions(WebAssembly);
  const exports = instanceOf(
    WebAssembly,
    `(module (table $f (export "f") 2 10 funcref) (table $e (export "e") 1 externref) (type $i (func (result i32)))
      (elem (i32.const 0) $own)
      (func $own (export "own") (result i32) (i32.const 3))
      (func (export "call") (param i32) (result i32) (call_indirect $f (type $i) (local.get 0)))
      (func (export "get") (param i32) (result externref) (table.get $e (local.get 0)))
      (func (export "set") (param i32 externref) (table.set $e (local.get 0) (local.get 1)))
      (func (export "grow") (param funcref i32) (result i32) (table.grow $f (local.get 0) (local.get 1)))
      (func (export "growE") (param i32) (result i32) (table.grow $e (ref.null extern) (local.get 0))))`,
  );
  const { f, e } = exports;
  assert.equal(f.get(0), exports.own);
  f.set(1, one);
  assert.equal(exports.call(1), 1);
  assert.equal(exports.grow(two, 3), 2);
  assert.equal(f.length, 5);
  assert.equal(f.get(4), two);
  assert.equal(exports.call(4), 2);
  assert.equal(exports.grow(null, 6), -1);
  f.set(0, null);
  assert.throws(() => exports.call(0), WebAssembly.RuntimeError);
  assert.throws(() => exports.call(99), WebAssembly.RuntimeError);
  assert.equal(e.get(0), null);
  const value = { some: 'object' };
  e.set(0, value);
  assert.equal(exports.get(0), value);
  exports.set(0, undefined);
  assert.equal(e.get(0), undefined);
  assert.equal(exports.growE(1), 1);
  assert.equal(e.get(1), null);
});

both('functions in tables are called with the signature they have', (WebAssembly) => {
  const log = [];
  const exports = instanceOf(
    WebAssembly,
    `(module (import "m" "log" (func $log (param f64))) (table (export "t") 2 funcref) (elem (i32.const 0) $log)
      (func (export "call") (param i32 f64) (call_indirect (param f64) (local.get 1) (local.get 0)))
      (func (export "wrong") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))`,
    { m: { log: (value) => log.push(value) } },
  );
  exports.call(0, 1.5);
  exports.t.get(0)(2.5);
  exports.t.set(1, exports.t.get(0));
  exports.call(1, 3.5);
  assert.deepEqual(log, [1.5, 2.5, 3.5]);
  assert.throws(() => exports.wrong(0), WebAssembly.RuntimeError);
});

both('a function that grows the table it is called through', (WebAssembly) => {
  const exports = instanceOf(
    WebAssembly,
    `(module (import "m" "grow" (func $grow)) (table (export "t") 1 funcref) (elem (i32.const 0) $f)
      (func $f (result i32) (call $grow) (table.size))
      (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0))))`,
    { m: { grow: () => exports.t.grow(10_000) } },
  );
  assert.equal(exports.call(), 10_001);
  assert.equal(exports.call(), 20_001);
});
