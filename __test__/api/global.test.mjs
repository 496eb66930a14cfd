// WebAssembly.Global. https://webassembly.github.io/spec/js-api/#globals

import assert from 'node:assert/strict';
import { both, nodeMajor } from '../helpers/both.mjs';
import { instanceOf } from '../helpers/wat.mjs';

both('descriptors', (WebAssembly) => {
  for (const descriptor of [
    undefined,
    null,
    5,
    {},
    { value: 'i16' },
    { value: '' },
    { value: undefined },
    { value: 'I32' },
  ]) {
    assert.throws(() => new WebAssembly.Global(descriptor), TypeError);
  }
  for (const mutable of [true, 1, 'x', {}]) {
    new WebAssembly.Global({ value: 'i32', mutable }).value = 5;
  }
  for (const mutable of [false, 0, '', null, undefined]) {
    const global = new WebAssembly.Global({ value: 'i32', mutable });
    assert.throws(() => (global.value = 5), TypeError);
  }
});

both('members of the descriptor are read in order', (WebAssembly) => {
  const log = [];
  const descriptor = {
    get value() {
      log.push('value');
      return { toString: () => (log.push('value!'), 'i32') };
    },
    get mutable() {
      log.push('mutable');
      return true;
    },
  };
  new WebAssembly.Global(descriptor, { valueOf: () => (log.push('v'), 5) });
  assert.deepEqual(log, ['mutable', 'value', 'value!', 'v']);
});

both('default values', (WebAssembly, engine) => {
  const defaults = { i32: 0, i64: 0n, f32: 0, f64: 0, anyfunc: null };
  // Without a value, Node 20's own engine has null.
  if (engine === 'gantry' || nodeMajor > 20) defaults.externref = undefined;
  for (const [value, expected] of Object.entries(defaults)) {
    assert.ok(Object.is(new WebAssembly.Global({ value }).value, expected), value);
    // Web IDL takes undefined for a missing argument; the built-in engine refuses it for functions.
    if (engine === 'builtin' && value === 'anyfunc') continue;
    assert.ok(Object.is(new WebAssembly.Global({ value }, undefined).value, expected), value);
  }
});

both('conversions of the initial value and of assignments', (WebAssembly) => {
  const cases = [
    [
      'i32',
      [
        [1.9, 1],
        ['7', 7],
        [2 ** 31, -(2 ** 31)],
        [null, 0],
        [NaN, 0],
      ],
      [7n, Symbol.iterator],
    ],
    [
      'i64',
      [
        [5n, 5n],
        ['7', 7n],
        [2n ** 63n, -(2n ** 63n)],
        [true, 1n],
      ],
      [7, null, 1.5],
    ],
    [
      'f32',
      [
        [0.1, Math.fround(0.1)],
        [-0, -0],
        ['1.5', 1.5],
        [1e300, Infinity],
      ],
      [7n, Symbol.iterator],
    ],
    [
      'f64',
      [
        [0.1, 0.1],
        [NaN, NaN],
        [null, 0],
      ],
      [7n],
    ],
    [
      'externref',
      [
        [null, null],
        [5, 5],
        ['x', 'x'],
      ],
      [],
    ],
    ['anyfunc', [[null, null]], [5, {}, () => {}]],
  ];
  for (const [value, good, bad] of cases) {
    const target = new WebAssembly.Global({ value, mutable: true });
    for (const [given, expected] of good) {
      assert.ok(
        Object.is(new WebAssembly.Global({ value }, given).value, expected),
        `${value} ${String(given)}`,
      );
      target.value = given;
      assert.ok(Object.is(target.value, expected));
      assert.ok(Object.is(target.valueOf(), expected));
    }
    const before = target.value;
    for (const given of bad) {
      assert.throws(() => new WebAssembly.Global({ value }, given), TypeError, `${value} ${String(given)}`);
      assert.throws(() => (target.value = given), TypeError);
    }
    assert.ok(Object.is(target.value, before));
  }
  const integer = new WebAssembly.Global({ value: 'i64', mutable: true }, 5n);
  assert.throws(() => (integer.value = undefined), TypeError);
});

both('undefined as an assigned value', (WebAssembly) => {
  const assigned = (value, first) => {
    const global = new WebAssembly.Global({ value, mutable: true }, first);
    global.value = undefined;
    return global.value;
  };
  assert.equal(assigned('i32', 5), 0);
  assert.ok(Number.isNaN(assigned('f64', 5)));
  assert.equal(assigned('externref', 5), undefined);
});

both('value is an accessor, valueOf a method, and arithmetic works', (WebAssembly) => {
  const { get, set } = Object.getOwnPropertyDescriptor(WebAssembly.Global.prototype, 'value');
  assert.equal(get.name, 'get value');
  assert.equal(set.name, 'set value');
  const global = new WebAssembly.Global({ value: 'i32', mutable: true }, 20);
  assert.equal(global + 22, 42);
  assert.throws(() => set.call(global), TypeError, 'a setter wants an argument');
  assert.throws(() => get.call({}), TypeError);
});

both('wasm and JavaScript see one variable', (WebAssembly) => {
  const { g, h, e, get, set, setE } = instanceOf(
    WebAssembly,
    `(module (global $g (export "g") (mut i64) (i64.const 5)) (global (export "h") f32 (f32.const 0.1))
      (global $e (export "e") (mut externref) (ref.null extern))
      (func (export "get") (result i64) (global.get $g))
      (func (export "set") (param i64) (global.set $g (local.get 0)))
      (func (export "setE") (param externref) (global.set $e (local.get 0))))`,
  );
  assert.equal(g.value, 5n);
  g.value = -1n;
  assert.equal(get(), -1n);
  set(2n ** 40n);
  assert.equal(g.value, 2n ** 40n);
  assert.equal(h.value, Math.fround(0.1));
  assert.throws(() => (h.value = 1), TypeError);
  assert.equal(e.value, null);
  const value = {};
  setE(value);
  assert.equal(e.value, value);
  setE(undefined);
  assert.equal(e.value, undefined);
});

both('initial values may come from imported globals', (WebAssembly) => {
  const { a, b } = instanceOf(
    WebAssembly,
    `(module (import "m" "g" (global $g i32)) (import "m" "e" (global $e externref))
      (global (export "a") i32 (global.get $g)) (global (export "b") externref (global.get $e)))`,
    { m: { g: 41, e: 'text' } },
  );
  assert.deepEqual([a.value, b.value], [41, 'text']);
});
