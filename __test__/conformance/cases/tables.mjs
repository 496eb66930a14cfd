// Tables and globals. https://webassembly.github.io/spec/js-api/#tables, #globals

import assert from 'node:assert/strict';
import { instanceOf, text } from '../../helpers/wat.mjs';
import { NOT_OBJECTS, NOT_UNSIGNED, throwsForAll, watched } from '../expect.mjs';

export const title = 'Tables and globals';

const one = (W) => instanceOf(W, '(module (func (export "f") (result i32) (i32.const 1)))').f;
const NOT_FUNCTIONS = [true, '', 1, 1n, Symbol('s'), {}, () => {}, function f() {}, class {}];

/** A table and a global of references that are never null. */
const anyOf = (W) =>
  new W.Instance(
    new W.Module(
      text(`(module (table (export "never") 2 10 (ref any) (ref.i31 (i32.const 42))) (table (export "null") 2 10 anyref)
        (global (export "g") (mut (ref any)) (ref.i31 (i32.const 7))))`),
    ),
  ).exports;

/** By type: the default, [given, taken], refused values. */
const VALUES = {
  i32: [
    0,
    [
      [1.9, 1],
      ['7', 7],
      [2 ** 31, -(2 ** 31)],
      [2 ** 32 + 5, 5],
      [null, 0],
      [NaN, 0],
      [true, 1],
    ],
    [1n, Symbol('s'), { valueOf: () => 1n }],
  ],
  i64: [
    0n,
    [
      [5n, 5n],
      ['7', 7n],
      [2n ** 63n, -(2n ** 63n)],
      [2n ** 64n + 5n, 5n],
      [false, 0n],
    ],
    [1, null, 1.5, Symbol('s'), NaN],
  ],
  f32: [
    0,
    [
      [0.1, Math.fround(0.1)],
      [-0, -0],
      ['1.5', 1.5],
      [1e300, Infinity],
      [NaN, NaN],
      [null, 0],
    ],
    [1n, Symbol('s')],
  ],
  f64: [
    0,
    [
      [0.1, 0.1],
      [-0, -0],
      ['1.5', 1.5],
      [1e300, 1e300],
      [NaN, NaN],
      [null, 0],
    ],
    [1n, Symbol('s')],
  ],
  externref: [
    undefined,
    [
      [null, null],
      [undefined, undefined],
      [5, 5],
      ['x', 'x'],
      [1n, 1n],
    ],
    [],
  ],
  anyfunc: [null, [[null, null]], [1, 'x', {}, () => {}, Symbol('s')]],
};

const globalCases = {};
for (const [type, [byDefault, taken, refused]] of Object.entries(VALUES)) {
  globalCases[`${type} has a default value`] = (W) => {
    assert.ok(Object.is(new W.Global({ value: type }).value, byDefault));
  };
  globalCases[`${type} takes undefined for no value`] = (W) => {
    assert.ok(Object.is(new W.Global({ value: type }, undefined).value, byDefault));
  };
  globalCases[`${type} converts values`] = (W) => {
    const global = new W.Global({ value: type, mutable: true });
    for (const [given, expected] of taken) {
      assert.ok(Object.is(new W.Global({ value: type }, given).value, expected), String(given));
      assert.equal((global.value = given), given);
      assert.ok(Object.is(global.value, expected), String(given));
      assert.ok(Object.is(global.valueOf(), expected));
    }
  };
  globalCases[`${type} refuses values`] = (W) => {
    const global = new W.Global({ value: type, mutable: true });
    throwsForAll(refused, TypeError, (value) => new W.Global({ value: type }, value));
    throwsForAll(refused, TypeError, (value) => (global.value = value));
    assert.ok(Object.is(global.value, byDefault));
  };
}

export const cases = {
  'new Table': {
    'wants a descriptor': (W) => {
      assert.throws(() => new W.Table(), TypeError);
      const bad = [
        ...NOT_OBJECTS,
        {},
        { element: 'anyfunc' },
        { initial: 1 },
        { element: 'anyfunc', initial: undefined },
      ];
      throwsForAll(bad, TypeError, (descriptor) => new W.Table(descriptor));
    },
    'wants an element type that exists': (W) =>
      throwsForAll(
        [undefined, null, '', 'i32', 'func', 'ANYFUNC', 1, {}],
        TypeError,
        (element) => new W.Table({ element, initial: 1 }),
      ),
    'wants limits in range': (W) => {
      const element = 'anyfunc';
      throwsForAll(NOT_UNSIGNED, TypeError, (initial) => new W.Table({ element, initial }));
      throwsForAll(
        NOT_UNSIGNED.slice(1),
        TypeError,
        (maximum) => new W.Table({ element, initial: 0, maximum }),
      );
      assert.throws(() => new W.Table({ element, initial: 2, maximum: 1 }), RangeError);
      assert.throws(() => new W.Table({ element, initial: 10_000_001 }), RangeError);
      assert.equal(new W.Table({ element, initial: 0, maximum: 2 ** 32 - 1 }).length, 0);
    },
    'reads members in the order of their names': (W) => {
      const log = [];
      new W.Table(watched(log, { maximum: 2, initial: 1, element: 'anyfunc', address: 'i32' }));
      assert.deepEqual(log, [
        'address',
        'address:string',
        'element',
        'element:string',
        'initial',
        'initial:number',
        'maximum',
        'maximum:number',
      ]);
    },
    'fills it with null, or undefined for externref': (W) => {
      assert.equal(new W.Table({ element: 'anyfunc', initial: 1 }).get(0), null);
      assert.equal(new W.Table({ element: 'externref', initial: 1 }).get(0), undefined);
      assert.equal(new W.Table({ element: 'externref', initial: 1 }, null).get(0), null);
      assert.equal(new W.Table({ element: 'externref', initial: 1 }, undefined).get(0), undefined);
    },
    'fills it with a value': (W) => {
      const f = one(W);
      assert.equal(new W.Table({ element: 'anyfunc', initial: 2 }, f).get(1), f);
      const object = {};
      assert.equal(new W.Table({ element: 'externref', initial: 2 }, object).get(1), object);
      throwsForAll(
        NOT_FUNCTIONS,
        TypeError,
        (value) => new W.Table({ element: 'anyfunc', initial: 1 }, value),
      );
    },
    'takes undefined for null': (W) =>
      assert.equal(new W.Table({ element: 'anyfunc', initial: 1 }, undefined).get(0), null),
    'with 64-bit addresses wants bigints': (W) => {
      const make = (initial, maximum) =>
        new W.Table({ address: 'i64', element: 'anyfunc', initial, maximum });
      assert.equal(make(3n, 4n).length, 3n);
      for (const initial of [1, null, undefined, NaN, -1n, 2n ** 64n])
        assert.throws(() => make(initial), TypeError, String(initial));
      assert.throws(() => make(2n, 1n), RangeError);
    },
    'gives an object of its class': (W) => {
      const table = new W.Table({ element: 'anyfunc', initial: 0 });
      assert.equal(String(table), '[object WebAssembly.Table]');
      assert.deepEqual(Reflect.ownKeys(table), []);
    },
  },
  'Table length': {
    'follows growth, and cannot be set': (W) => {
      const table = new W.Table({ element: 'anyfunc', initial: 1 });
      table.grow(2);
      assert.equal(table.length, 3);
      assert.throws(() => (table.length = 1), TypeError);
    },
  },
  'Table get, set': {
    'want an index in range': (W) => {
      const table = new W.Table({ element: 'anyfunc', initial: 3 });
      assert.throws(() => table.get(), TypeError);
      assert.throws(() => table.set(), TypeError);
      throwsForAll(NOT_UNSIGNED, TypeError, (index) => table.get(index));
      throwsForAll(NOT_UNSIGNED, TypeError, (index) => table.set(index, null));
      for (const index of [3, 2 ** 32 - 1]) {
        assert.throws(() => table.get(index), RangeError);
        assert.throws(() => table.set(index, null), RangeError);
      }
      for (const index of [0.9, '0', null, false, []]) assert.equal(table.get(index), null);
    },
    'keep functions and host values as they are': (W) => {
      const f = one(W);
      const table = new W.Table({ element: 'anyfunc', initial: 2 });
      assert.equal(table.set(0, f), undefined);
      assert.equal(table.get(0), f);
      table.set(0, null);
      assert.equal(table.get(0), null);
      const values = new W.Table({ element: 'externref', initial: 1 });
      for (const value of [null, undefined, 1, -0, 'x', 1n, Symbol('s'), {}, f]) {
        values.set(0, value);
        assert.ok(Object.is(values.get(0), value));
      }
    },
    'set without a value is the default': (W) => {
      const table = new W.Table({ element: 'anyfunc', initial: 1 }, one(W));
      table.set(0);
      assert.equal(table.get(0), null);
      const values = new W.Table({ element: 'externref', initial: 1 }, 5);
      values.set(0);
      assert.equal(values.get(0), undefined);
    },
    'set refuses what is no exported function': (W) => {
      const table = new W.Table({ element: 'anyfunc', initial: 1 });
      throwsForAll(NOT_FUNCTIONS, TypeError, (value) => table.set(0, value));
      assert.equal(table.get(0), null);
    },
    'set looks at the value before the index': (W) =>
      assert.throws(() => new W.Table({ element: 'anyfunc', initial: 1 }).set(5, {}), TypeError),
    'of references that are never null': (W) => {
      const { never, null: nullable } = anyOf(W);
      assert.equal(never.get(0), 42);
      assert.throws(() => never.set(0), TypeError);
      assert.throws(() => never.set(0, null), TypeError);
      never.set(0, 'text');
      assert.equal(never.get(0), 'text');
      nullable.set(0);
      assert.equal(nullable.get(0), null);
    },
  },
  'Table grow': {
    'gives the old length, and fills': (W) => {
      const f = one(W);
      const table = new W.Table({ element: 'anyfunc', initial: 1, maximum: 5 });
      assert.equal(table.grow(1), 1);
      assert.equal(table.grow(2, f), 2);
      assert.equal(table.grow(0), 4);
      assert.deepEqual(
        [0, 1, 2, 3].map((i) => table.get(i)),
        [null, null, f, f],
      );
      assert.throws(() => table.grow(2), RangeError);
      assert.throws(() => table.grow(2 ** 32 - 1), RangeError);
      assert.equal(table.length, 4);
    },
    'wants a number in range': (W) => {
      const table = new W.Table({ element: 'anyfunc', initial: 1 });
      assert.throws(() => table.grow(), TypeError);
      throwsForAll(NOT_UNSIGNED, TypeError, (delta) => table.grow(delta));
      throwsForAll(NOT_FUNCTIONS, TypeError, (value) => table.grow(1, value));
      assert.equal(table.length, 1);
    },
    'of references that are never null wants a value': (W) => {
      const { never, null: nullable } = anyOf(W);
      assert.throws(() => never.grow(1), TypeError);
      never.grow(1, 'x');
      assert.equal(never.get(2), 'x');
      nullable.grow(1);
      assert.equal(nullable.get(2), null);
    },
    'of 64-bit addresses wants and gives bigints': (W) => {
      const table = new W.Table({ address: 'i64', element: 'externref', initial: 1n });
      assert.equal(table.grow(1n, 'x'), 1n);
      assert.equal(table.get(1n), 'x');
      assert.throws(() => table.grow(1), TypeError);
      assert.throws(() => table.get(1), TypeError);
      assert.throws(() => table.set(1, null), TypeError);
      assert.throws(() => table.get(2n), RangeError);
    },
  },
  'new Global': {
    'wants a descriptor': (W) => {
      assert.throws(() => new W.Global(), TypeError);
      throwsForAll(
        [...NOT_OBJECTS, {}, { value: undefined }, { value: '' }, { value: 'I32' }, { value: 'i16' }],
        TypeError,
        (d) => new W.Global(d),
      );
    },
    'reads members in the order of their names': (W) => {
      const log = [];
      new W.Global(watched(log, { value: 'i32', mutable: false }), { valueOf: () => (log.push('v'), 1) });
      assert.deepEqual(log, ['mutable', 'value', 'value:string', 'v']);
    },
    'takes anything for whether it is mutable': (W) => {
      for (const mutable of [true, 1, 'x', {}, Symbol('s')])
        new W.Global({ value: 'i32', mutable }).value = 1;
      for (const mutable of [false, 0, '', null, undefined]) {
        const global = new W.Global({ value: 'i32', mutable });
        assert.throws(() => (global.value = 1), TypeError);
      }
    },
    'refuses v128 values, whose value cannot be read': (W) => {
      assert.throws(() => new W.Global({ value: 'v128' }, 1), TypeError);
      const { g } = instanceOf(W, '(module (global (export "g") (mut v128) (v128.const i32x4 1 2 3 4)))');
      assert.throws(() => g.value, TypeError);
      assert.throws(() => (g.value = 1), TypeError);
      assert.throws(() => g.valueOf(), TypeError);
    },
    'gives an object of its class': (W) => {
      const global = new W.Global({ value: 'i32' }, 5);
      assert.equal(Object.prototype.toString.call(global), '[object WebAssembly.Global]');
      assert.deepEqual(Reflect.ownKeys(global), []);
      assert.equal(global + 1, 6);
    },
    ...globalCases,
  },
  'Global value': {
    'setter wants an argument': (W) => {
      const { set } = Object.getOwnPropertyDescriptor(W.Global.prototype, 'value');
      const global = new W.Global({ value: 'externref', mutable: true }, 1);
      assert.throws(() => set.call(global), TypeError);
      assert.equal(set.call(global, undefined), undefined);
      assert.equal(global.value, undefined);
    },
    'of an immutable global refuses before it converts': (W) => {
      const global = new W.Global({ value: 'i32' }, 1);
      assert.throws(() => (global.value = { valueOf: () => assert.fail('converted') }), TypeError);
    },
    'of references that are never null': (W) => {
      const { g } = anyOf(W);
      assert.equal(g.value, 7);
      assert.throws(() => (g.value = null), TypeError);
      g.value = 'x';
      assert.equal(g.value, 'x');
    },
  },
};
