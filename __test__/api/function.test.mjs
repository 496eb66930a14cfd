// Exported functions: identity, name and length, and how arguments and results are converted.
// https://webassembly.github.io/spec/js-api/#exported-function-exotic-objects

import assert from 'node:assert/strict';
import { both } from '../helpers/both.mjs';
import { instanceOf } from '../helpers/wat.mjs';

const TYPES = ['i32', 'i64', 'f32', 'f64', 'externref', 'funcref'];
const identities = (WebAssembly) =>
  instanceOf(
    WebAssembly,
    `(module ${TYPES.map((type) => `(func (export "${type}") (param ${type}) (result ${type}) (local.get 0))`).join('')})`,
  );

both('name, length and shape', (WebAssembly) => {
  const { f, g } = instanceOf(
    WebAssembly,
    `(module (import "m" "f" (func)) (func) (func $named (export "f") (param i32 i64 f32) (result i32) (i32.const 0))
      (func (export "g")))`,
    { m: { f() {} } },
  );
  assert.equal(f.name, '2');
  assert.equal(f.length, 3);
  assert.equal(g.name, '3');
  assert.equal(g.length, 0);
  // With type reflection they have a prototype of their own, which inherits from that of functions.
  assert.equal(Object.getPrototypeOf(f), (WebAssembly.Function ?? Function).prototype);
  assert.ok(f instanceof Function);
  assert.equal(Object.hasOwn(f, 'prototype'), false);
  assert.throws(() => new g(), TypeError);
  for (const key of ['name', 'length']) {
    const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(f, key);
    assert.deepEqual([writable, enumerable, configurable], [false, false, true], key);
  }
});

both('one function is one object, wherever it comes from', (WebAssembly) => {
  const a = instanceOf(
    WebAssembly,
    `(module (table (export "t") 3 funcref) (elem (i32.const 0) $f)
      (global (export "g") funcref (ref.func $f)) (elem declare func $f)
      (func $f (export "f") (result i32) (i32.const 5))
      (func (export "ref") (result funcref) (ref.func $f))
      (func (export "pass") (param funcref) (result funcref) (local.get 0)))`,
  );
  const b = instanceOf(
    WebAssembly,
    `(module (import "a" "f" (func $f (result i32))) (import "a" "t" (table 3 funcref)) (elem (i32.const 1) $f)
      (export "f" (func $f)) (func (export "ref") (result funcref) (ref.func $f)))`,
    { a },
  );
  for (const same of [a.t.get(0), a.t.get(1), a.g.value, a.ref(), a.pass(a.f), b.f, b.ref()])
    assert.equal(same, a.f);
  a.t.set(2, a.f);
  assert.equal(a.t.get(2), a.f);
  assert.equal(a.t.get(2)(), 5);
  assert.equal(new WebAssembly.Global({ value: 'anyfunc' }, a.f).value, a.f);
});

both('a function of JavaScript that is imported and exported is a new function', (WebAssembly) => {
  const f = (x) => x * 2;
  const text = `(module (import "m" "f" (func $f (param i32) (result i32))) (export "f" (func $f)) (export "g" (func $f))
    (func (export "ref") (result funcref) (ref.func $f)))`;
  const first = instanceOf(WebAssembly, text, { m: { f } });
  assert.notEqual(first.f, f);
  assert.equal(first.f, first.g);
  assert.equal(first.ref(), first.f);
  assert.equal(first.f.name, '0');
  assert.equal(first.f.length, 1);
  assert.equal(first.f('21'), 42);
  const second = instanceOf(WebAssembly, text, { m: first });
  assert.equal(second.f, first.f);
  const other = instanceOf(WebAssembly, text, { m: { f } });
  assert.notEqual(other.f, first.f);
});

both('missing arguments are undefined, further ones are ignored', (WebAssembly) => {
  const id = identities(WebAssembly);
  assert.equal(id.i32(), 0);
  assert.ok(Number.isNaN(id.f32()));
  assert.ok(Number.isNaN(id.f64()));
  assert.throws(() => id.i64(), TypeError);
  assert.equal(id.externref(), undefined);
  assert.throws(() => id.funcref(), TypeError);
  const never = {
    valueOf() {
      assert.fail('converted');
    },
  };
  assert.equal(id.i32(7, never, Symbol.iterator), 7);
});

both('i32', (WebAssembly) => {
  const { i32 } = identities(WebAssembly);
  const cases = [
    ...[
      [0, 0],
      [-0, 0],
      [1.9, 1],
      [-1.9, -1],
      [2 ** 31, -(2 ** 31)],
      [2 ** 32 + 5, 5],
      [-1, -1],
    ],
    ...[
      [NaN, 0],
      [Infinity, 0],
      ['0x10', 16],
      ['x', 0],
      [null, 0],
      [true, 1],
      [[], 0],
      [[7], 7],
      [{}, 0],
    ],
    ...[
      [1e300, 0],
      [new Date(7), 7],
      [2 ** 53 + 2, 2],
    ],
  ];
  for (const [given, expected] of cases) assert.ok(Object.is(i32(given), expected), String(given));
  assert.throws(() => i32(7n), TypeError);
  assert.throws(() => i32(Symbol.iterator), TypeError);
});

both('i64 is a BigInt', (WebAssembly) => {
  const { i64 } = identities(WebAssembly);
  const cases = [
    ...[
      [0n, 0n],
      [-1n, -1n],
      [2n ** 63n, -(2n ** 63n)],
      [2n ** 64n + 5n, 5n],
      [2n ** 200n + 3n, 3n],
    ],
    ...[
      ['0x10', 16n],
      ['', 0n],
      [true, 1n],
      [[7n], 7n],
      [Object(9n), 9n],
    ],
  ];
  for (const [given, expected] of cases) assert.equal(i64(given), expected, String(given));
  for (const value of [7, 0, NaN, undefined, null, Symbol.iterator, new Date(7)])
    assert.throws(() => i64(value), TypeError);
  assert.throws(() => i64('x'), SyntaxError);
  const { i32, f32, f64 } = identities(WebAssembly);
  for (const f of [i32, f32, f64]) assert.throws(() => f(7n), TypeError);
});

both('f32 rounds, f64 does not', (WebAssembly) => {
  const { f32, f64 } = identities(WebAssembly);
  const values = [
    0.1,
    -0,
    0,
    1e40,
    -1e40,
    2 ** 24 + 1,
    1e-50,
    NaN,
    Infinity,
    1.401298464324817e-45,
    3.5,
    16777217.5,
  ];
  for (const value of values) {
    assert.ok(Object.is(f32(value), Math.fround(value)), String(value));
    assert.ok(Object.is(f64(value), value), String(value));
  }
  assert.equal(f64('1e3'), 1000);
  assert.equal(f64(null), 0);
  assert.equal(f32('0.1'), Math.fround(0.1));
  assert.throws(() => f64(Symbol.iterator), TypeError);
});

both('externref holds any value', (WebAssembly) => {
  const { externref } = identities(WebAssembly);
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const values = [
    ...[
      undefined,
      null,
      0,
      -0,
      NaN,
      1.5,
      7n,
      '',
      'text',
      true,
      false,
      Symbol('s'),
      {},
      [],
      () => {},
      new Map(),
    ],
    ...[Object.create(null), new Proxy({}, {}), identities, 2 ** 40, externref, revoked.proxy],
  ];
  for (const value of values) assert.ok(Object.is(externref(value), value));
});

both('funcref is null or an exported function', (WebAssembly) => {
  const { funcref, i32 } = identities(WebAssembly);
  assert.equal(funcref(null), null);
  assert.equal(funcref(i32), i32);
  assert.equal(funcref(funcref), funcref);
  for (const value of [undefined, 0, () => {}, {}, Math.abs, i32.bind(null), new Proxy(i32, {}), class {}]) {
    assert.throws(() => funcref(value), TypeError);
  }
});

both('all types at once, many parameters', (WebAssembly) => {
  const types = Array.from({ length: 48 }, (_, n) => TYPES[n % TYPES.length]);
  const { f } = instanceOf(
    WebAssembly,
    `(module (func (export "f") (param ${types.join(' ')}) (result ${types.join(' ')})
      ${types.map((_, n) => `(local.get ${n})`).join(' ')}))`,
  );
  const sample = { i32: (n) => -1 - n, i64: (n) => -BigInt(n), f32: (n) => n + 0.5, f64: (n) => n / 3 };
  const args = types.map((type, n) => (sample[type] ? sample[type](n) : type === 'funcref' ? f : { n }));
  const results = f(...args);
  assert.ok(Array.isArray(results));
  assert.equal(Object.getPrototypeOf(results), Array.prototype);
  assert.equal(results.length, types.length);
  results.forEach((value, n) => assert.equal(value, args[n]));
});
