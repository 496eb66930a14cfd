// Exported Functions, host functions, and values on their way between both worlds.
// https://webassembly.github.io/spec/js-api/#exported-function-exotic-objects, #tojsvalue, #towebassemblyvalue

import assert from 'node:assert/strict';
import { instanceOf, text } from '../../helpers/wat.mjs';
import { isExportedFunction, throwsForAll } from '../expect.mjs';

export const title = 'Functions and values';

const instance = (W, source, imports) => new W.Instance(new W.Module(text(source)), imports).exports;

const GC = `(module (type $s (struct (field (mut i32)))) (type $a (array (mut i32))) (type $t (struct (field i64)))
  (func (export "struct") (result (ref $s)) (struct.new $s (i32.const 42)))
  (func (export "array") (result (ref $a)) (array.new $a (i32.const 5) (i32.const 3)))
  (func (export "other") (result (ref $t)) (struct.new $t (i64.const 1)))
  (func (export "takeStruct") (param (ref null $s)) (result (ref null $s)) (local.get 0))
  (func (export "takeNever") (param (ref $s)))
  (func (export "takeAny") (param anyref) (result anyref) (local.get 0))
  (func (export "takeEq") (param eqref) (result eqref) (local.get 0))
  (func (export "takeI31") (param i31ref) (result i31ref) (local.get 0))
  (func (export "takeExtern") (param (ref extern)) (result externref) (local.get 0))
  (func (export "takeNone") (param nullref) (result nullref) (local.get 0))
  (func (export "takeNoExtern") (param nullexternref) (result nullexternref) (local.get 0))
  (func (export "takeNoFunc") (param nullfuncref) (result nullfuncref) (local.get 0)))`;

/** By type: [given, what comes back], refused values. */
const CONVERSIONS = {
  i32: [
    [
      [undefined, 0],
      [null, 0],
      [NaN, 0],
      [Infinity, 0],
      ['12', 12],
      [-1.9, -1],
      [2 ** 31, -(2 ** 31)],
      [2 ** 53, 0],
      [true, 1],
      [[7], 7],
    ],
    [1n, Symbol('s')],
  ],
  i64: [
    [
      [true, 1n],
      ['12', 12n],
      [-1n, -1n],
      [2n ** 63n, -(2n ** 63n)],
      [2n ** 64n, 0n],
    ],
    [undefined, null, 1, NaN, Symbol('s')],
  ],
  f32: [
    [
      [undefined, NaN],
      [null, 0],
      ['1.5', 1.5],
      [0.1, Math.fround(0.1)],
      [-0, -0],
      [1e300, Infinity],
    ],
    [1n, Symbol('s')],
  ],
  f64: [
    [
      [undefined, NaN],
      [null, 0],
      ['1.5', 1.5],
      [0.1, 0.1],
      [-0, -0],
      [-1e300, -1e300],
    ],
    [1n, Symbol('s')],
  ],
  externref: [
    [
      [undefined, undefined],
      [null, null],
      [1, 1],
      ['x', 'x'],
      [1n, 1n],
      [-0, -0],
      [true, true],
    ],
    [],
  ],
  funcref: [[[null, null]], [undefined, 1, 'x', {}, () => {}, Symbol('s')]],
};

const conversions = {};
for (const [type, [pairs, refused]] of Object.entries(CONVERSIONS)) {
  const source = `(module (import "m" "f" (func $f (param ${type}) (result ${type})))
    (func (export "id") (param ${type}) (result ${type}) (local.get 0))
    (func (export "through") (param ${type}) (result ${type}) (call $f (local.get 0))))`;
  conversions[`arguments and results of type ${type}`] = (W) => {
    const { id, through } = instance(W, source, { m: { f: (value) => value } });
    for (const [given, expected] of pairs) {
      assert.ok(Object.is(id(given), expected), String(given));
      assert.ok(Object.is(through(given), expected), String(given));
    }
    throwsForAll(refused, TypeError, (value) => id(value));
  };
  conversions[`what host functions return for type ${type}`] = (W) => {
    let result;
    const { through } = instance(W, source, { m: { f: () => result } });
    const argument = type === 'i64' ? 0n : null;
    for (const [given, expected] of pairs) {
      result = given;
      assert.ok(Object.is(through(argument), expected), String(given));
    }
    for (result of refused) assert.throws(() => through(argument), TypeError, String(result));
  };
}

/** Iterables for two i32. */
const badly = (step) => ({ [Symbol.iterator]: () => ({ next: step }) });

export const cases = {
  'a new Exported Function': {
    'has the shape of a function': (W) => {
      const { a, b } = instanceOf(
        W,
        `(module (func (export "a")) (func $named (export "b") (param i32 i64) (result i32) (i32.const 0)))`,
      );
      isExportedFunction(a, '0', 0);
      isExportedFunction(b, '1', 2);
    },
    'has the index of the function as its name, imported ones counted': (W) => {
      const { x } = instanceOf(W, '(module (import "m" "f" (func)) (func (export "x") (param f32)))', {
        m: { f() {} },
      });
      isExportedFunction(x, '1', 1);
    },
    'passes over additional arguments, and takes undefined for missing ones': (W) => {
      const { f } = instanceOf(
        W,
        '(module (func (export "f") (param i32 externref) (result i32) (local.get 0)))',
      );
      assert.deepEqual([f(), f(1), f(2, {}, 3)], [0, 1, 2]);
    },
    'takes any receiver': (W) => {
      const { f } = instanceOf(W, '(module (func (export "f") (result i32) (i32.const 1)))');
      for (const receiver of [undefined, null, 1, {}, f]) assert.equal(f.call(receiver), 1);
      assert.equal(f.bind(null)(), 1);
      assert.equal(Reflect.apply(f, null, []), 1);
    },
    'gives an array for several results': (W) => {
      const { f } = instanceOf(
        W,
        '(module (func (export "f") (result i32 i64 f64) (i32.const 1) (i64.const 2) (f64.const 3)))',
      );
      const results = f();
      assert.deepEqual(results, [1, 2n, 3]);
      assert.equal(Object.getPrototypeOf(results), Array.prototype);
      assert.notEqual(f(), results);
      assert.equal(instanceOf(W, '(module (func (export "f")))').f(), undefined);
    },
    'refuses v128 before it converts': (W) => {
      const { takes, gives } = instanceOf(
        W,
        `(module (func (export "takes") (param i32 v128))
        (func (export "gives") (param i32) (result v128) (v128.const i32x4 0 0 0 0)))`,
      );
      const unseen = { valueOf: () => assert.fail('converted') };
      assert.throws(() => takes(unseen), TypeError);
      assert.throws(() => gives(unseen), TypeError);
    },
    'refuses exnref': (W) => {
      const { takes } = instance(W, '(module (func (export "takes") (param exnref)))');
      assert.throws(() => takes(null), TypeError);
    },
    'of another instance is called as it is': (W) => {
      const { f } = instanceOf(W, '(module (func (export "f") (param i64) (result i64) (local.get 0)))');
      const { g } = instanceOf(
        W,
        '(module (import "m" "f" (func $f (param i64) (result i64))) (func (export "g") (result i64) (call $f (i64.const 5))))',
        { m: { f } },
      );
      assert.equal(g(), 5n);
      assert.throws(
        () => instanceOf(W, '(module (import "m" "f" (func (param i32))))', { m: { f } }),
        W.LinkError,
      );
    },
  },
  'run a host function': {
    'with undefined for this, and the arguments': (W) => {
      let seen;
      const { f } = instanceOf(
        W,
        '(module (import "m" "f" (func $f (param i32 i64))) (func (export "f") (call $f (i32.const -1) (i64.const -1))))',
        {
          m: {
            f(...args) {
              seen = [this, ...args];
            },
          },
        },
      );
      f();
      assert.deepEqual(seen, [undefined, -1, -1n]);
    },
    'takes classes and proxies of functions': (W) => {
      const source =
        '(module (import "m" "f" (func $f (result i32))) (func (export "f") (result i32) (call $f)))';
      assert.equal(instanceOf(W, source, { m: { f: new Proxy(() => 7, {}) } }).f(), 7);
      assert.throws(() => instanceOf(W, source, { m: { f: class {} } }).f(), TypeError);
    },
    'iterates over several results': (W) => {
      let result;
      const { f } = instanceOf(
        W,
        '(module (import "m" "f" (func $f (result i32 i32))) (func (export "f") (result i32 i32) (call $f)))',
        { m: { f: () => result } },
      );
      for (result of [[1, 2], new Set([1, 2]), [1, 2].values(), Int8Array.of(1, 2), '12', new String('12')]) {
        assert.deepEqual(f(), [1, 2]);
      }
      for (result of [undefined, null, 1, {}, [], [1], [1, 2, 3], { length: 2 }, () => {}])
        assert.throws(f, TypeError);
      for (result of [
        { [Symbol.iterator]: 1 },
        { [Symbol.iterator]: () => 1 },
        badly(undefined),
        badly(() => 1),
      ])
        assert.throws(f, TypeError);
      result = badly(() => {
        throw new EvalError();
      });
      assert.throws(f, EvalError);
    },
    'throws what it throws': (W) => {
      for (const thrown of [new EvalError(), 1, 'x', undefined, null, {}]) {
        const { f } = instanceOf(W, '(module (import "m" "f" (func $f)) (func (export "f") (call $f)))', {
          m: {
            f: () => {
              throw thrown;
            },
          },
        });
        let error = 'nothing';
        try {
          f();
        } catch (caught) {
          error = caught;
        }
        assert.equal(error, thrown);
      }
    },
  },
  'ToWebAssemblyValue, ToJSValue': {
    ...conversions,
    'functions stay the same object': (W) => {
      const { id, f } = instanceOf(
        W,
        '(module (func $f (export "f")) (func (export "id") (param funcref) (result funcref) (local.get 0)))',
      );
      assert.equal(id(f), f);
      assert.throws(() => id(() => {}), TypeError);
    },
    'structs and arrays are opaque, and stay the same object': (W) => {
      const x = instance(W, GC);
      for (const object of [x.struct(), x.array()]) {
        assert.equal(typeof object, 'object');
        assert.equal(x.takeAny(object), object);
        assert.equal(Object.getPrototypeOf(object), null);
        assert.equal(Object.isExtensible(object), false);
        assert.deepEqual(Reflect.ownKeys(object), []);
        assert.deepEqual([object.x, object[0], 'x' in object], [undefined, undefined, false]);
        for (const change of [
          () => (object.x = 1),
          () => (object[0] = 1),
          () => delete object.x,
          () => Object.defineProperty(object, 'x', { value: 1 }),
          () => Object.setPrototypeOf(object, {}),
          () => Object.preventExtensions(object),
          () => Object.seal(object),
          () => Object.freeze(object),
          () => `${object}`,
          () => +object,
        ]) {
          assert.throws(change, TypeError, String(change));
        }
        assert.equal(Object.prototype.toString.call(object), '[object Object]');
        assert.equal(new Map([[object, 1]]).get(object), 1);
        assert.equal(new WeakMap([[object, 1]]).get(object), 1);
        assert.equal(new WeakSet([object]).has(object), true);
        assert.equal(new WeakRef(object).deref(), object);
      }
    },
    'structs are checked for their type': (W) => {
      const x = instance(W, GC);
      const struct = x.struct();
      assert.equal(x.takeStruct(struct), struct);
      assert.equal(x.takeStruct(null), null);
      throwsForAll([undefined, 1, 'x', {}, x.other(), x.array()], TypeError, (value) => x.takeStruct(value));
      throwsForAll([undefined, null, {}], TypeError, (value) => x.takeNever(value));
    },
    'anyref takes everything, small integers by value': (W) => {
      const { takeAny } = instance(W, GC);
      for (const value of [
        null,
        undefined,
        true,
        'x',
        1n,
        0,
        5,
        -(2 ** 30),
        2 ** 30 - 1,
        2 ** 30,
        1.5,
        NaN,
        {},
        takeAny,
      ]) {
        assert.ok(Object.is(takeAny(value), value), String(value));
      }
    },
    'eqref and i31ref take small integers': (W) => {
      const { takeEq, takeI31 } = instance(W, GC);
      for (const take of [takeEq, takeI31]) {
        for (const value of [null, 0, 42, -(2 ** 30), 2 ** 30 - 1]) assert.equal(take(value), value);
        throwsForAll([undefined, 2 ** 30, -(2 ** 30) - 1, 1.5, NaN, 'x', {}, 1n], TypeError, (value) =>
          take(value),
        );
      }
    },
    'references that are never null refuse null': (W) => {
      const { takeExtern } = instance(W, GC);
      assert.throws(() => takeExtern(null), TypeError);
      assert.equal(takeExtern(undefined), undefined);
    },
    'bottom types take null only': (W) => {
      const { takeNone, takeNoExtern, takeNoFunc } = instance(W, GC);
      for (const take of [takeNone, takeNoExtern, takeNoFunc]) {
        assert.equal(take(null), null);
        throwsForAll([undefined, 0, 1, 'x', {}, take], TypeError, (value) => take(value));
      }
    },
  },
  traps: {
    'are RuntimeErrors': (W) => {
      const { f } = instanceOf(W, '(module (func (export "f") unreachable))');
      assert.throws(
        f,
        (error) => Object.getPrototypeOf(error) === W.RuntimeError.prototype && error.stack.includes('wasm'),
      );
    },
    'of the stack are RangeErrors': (W) => {
      const { f } = instanceOf(W, '(module (func $f (export "f") (call $f) (call $f)))');
      assert.throws(f, (error) => Object.getPrototypeOf(error) === RangeError.prototype);
    },
  },
};
