// How imports are read and checked.
// https://webassembly.github.io/spec/js-api/#read-the-imports

import assert from 'node:assert/strict';
import { both, gantryOnly, ofNode } from '../helpers/both.mjs';
import { instanceOf, wat } from '../helpers/wat.mjs';

const THREE = `(module (import "b" "x" (func)) (import "a" "y" (global i32)) (import "b" "x" (func)) (import "b" "z" (func)))`;

/** An object whose properties are getters that log. */
const observed = (log, path, properties) =>
  Object.defineProperties(
    {},
    Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, { get: () => (log.push(path + key), value) }]),
    ),
  );

both('getters are called in the order of the imports, once for each', (WebAssembly) => {
  const log = [];
  const f = () => {};
  const imports = observed(log, '', {
    a: observed(log, 'a.', { y: 5 }),
    b: observed(log, 'b.', { x: f, z: f }),
    unused: {},
  });
  instanceOf(WebAssembly, THREE, imports);
  assert.deepEqual(log, ['b', 'b.x', 'a', 'a.y', 'b', 'b.x', 'b', 'b.z']);
});

gantryOnly('reading stops at the first error', 'reads all, then looks at them', (WebAssembly) => {
  const log = [];
  const f = () => {};
  const wrong = observed(log, '', {
    a: observed(log, 'a.', { y: 'no' }),
    b: observed(log, 'b.', { x: f, z: f }),
  });
  assert.throws(() => instanceOf(WebAssembly, THREE, wrong), WebAssembly.LinkError);
  assert.deepEqual(log, ['b', 'b.x', 'a', 'a.y']);
  log.length = 0;
  const missing = observed(log, '', { b: observed(log, 'b.', { x: f, z: f }) });
  assert.throws(() => instanceOf(WebAssembly, THREE, missing), TypeError);
  assert.deepEqual(log, ['b', 'b.x']);
});

both('inherited properties, proxies and functions serve as import objects', (WebAssembly) => {
  let calls = 0;
  const module = Object.create({ f: () => calls++ });
  const namespace = Object.assign(() => {}, { f: () => calls++ });
  const proxy = new Proxy({}, { get: () => ({ f: () => calls++ }) });
  const text = '(module (import "m" "f" (func)) (start 0))';
  for (const imports of [{ m: module }, Object.create({ m: module }), { m: namespace }, proxy]) {
    instanceOf(WebAssembly, text, imports);
  }
  assert.equal(calls, 4);
});

both('TypeError for modules that are not objects, LinkError for the rest', (WebAssembly) => {
  const text = '(module (import "m" "f" (func)))';
  for (const m of [undefined, null, 5, 'text', true, 7n, Symbol.iterator]) {
    assert.throws(() => instanceOf(WebAssembly, text, { m }), TypeError, String(m));
  }
  for (const f of [undefined, null, 5, 'text', {}, [], new WebAssembly.Memory({ initial: 1 })]) {
    assert.throws(() => instanceOf(WebAssembly, text, { m: { f } }), WebAssembly.LinkError);
  }
});

both('any callable can be a function import', (WebAssembly) => {
  class Class {}
  const text = '(module (import "m" "f" (func $f (result f64))) (func (export "f") (result f64) (call $f)))';
  const callables = [
    () => 1,
    async () => 1,
    Math.random,
    new Proxy(() => 1, {}),
    Math.abs.bind(null, -1),
    function () {},
  ];
  for (const f of callables) assert.equal(typeof instanceOf(WebAssembly, text, { m: { f } }).f(), 'number');
  assert.throws(instanceOf(WebAssembly, text, { m: { f: Class } }).f, TypeError);
});

const GLOBALS = {
  i32: { good: [0, 5, 1.5, NaN], bad: [undefined, null, 7n, '5', {}, true] },
  i64: { good: [0n, 5n], bad: [undefined, null, 7, '5', {}] },
  f32: { good: [0.5, NaN], bad: [undefined, null, 7n, '5', {}] },
  f64: { good: [0.5, -0], bad: [undefined, null, 7n, '5', {}] },
  externref: { good: [undefined, null, 5, 7n, 'x', {}], bad: [] },
  funcref: { good: [null], bad: [undefined, 5, () => {}, {}] },
};

for (const [type, { good, bad }] of Object.entries(GLOBALS)) {
  both(`values as imports of ${type} globals`, (WebAssembly) => {
    const text = `(module (import "m" "g" (global ${type})) (export "g" (global 0)))`;
    for (const g of good) {
      const exported = instanceOf(WebAssembly, text, { m: { g } }).g;
      assert.ok(exported instanceof WebAssembly.Global);
      const expected = type === 'i32' ? g | 0 : type === 'f32' ? Math.fround(g) : g;
      assert.ok(Object.is(exported.value, expected), String(g));
    }
    for (const g of bad) {
      assert.throws(() => instanceOf(WebAssembly, text, { m: { g } }), WebAssembly.LinkError, String(g));
    }
  });
}

both('mutable globals want a Global', (WebAssembly) => {
  for (const [type, value] of [
    ['i32', 5],
    ['i64', 5n],
    ['f64', 0.5],
  ]) {
    const text = `(module (import "m" "g" (global (mut ${type}))) (export "g" (global 0)))`;
    assert.throws(() => instanceOf(WebAssembly, text, { m: { g: value } }), WebAssembly.LinkError);
    const fixed = new WebAssembly.Global({ value: type }, value);
    assert.throws(() => instanceOf(WebAssembly, text, { m: { g: fixed } }), WebAssembly.LinkError);
    const g = new WebAssembly.Global({ value: type, mutable: true }, value);
    assert.equal(instanceOf(WebAssembly, text, { m: { g } }).g, g);
  }
});

/** Makers of imports that do not fit, by the import's text. */
const MISMATCHES = [
  ['(func (param i32))', (W) => instanceOf(W, '(module (func (export "f") (param i64)))').f],
  ['(func (param i32))', (W) => instanceOf(W, '(module (func (export "f")))').f],
  ['(func (result i32))', (W) => instanceOf(W, '(module (func (export "f") (param i32)))').f],
  ['(func)', (W) => new W.Global({ value: 'i32' })],
  ['(memory 2)', (W) => new W.Memory({ initial: 1 })],
  ['(memory 1 2)', (W) => new W.Memory({ initial: 1 })],
  ['(memory 1 2)', (W) => new W.Memory({ initial: 1, maximum: 3 })],
  ['(memory 1)', () => ({})],
  ['(memory 1)', (W) => new W.Table({ element: 'anyfunc', initial: 1 })],
  ['(table 2 funcref)', (W) => new W.Table({ element: 'anyfunc', initial: 1 })],
  ['(table 1 5 funcref)', (W) => new W.Table({ element: 'anyfunc', initial: 1 })],
  ['(table 1 5 funcref)', (W) => new W.Table({ element: 'anyfunc', initial: 1, maximum: 6 })],
  ['(table 1 funcref)', (W) => new W.Table({ element: 'externref', initial: 1 })],
  ['(table 1 funcref)', () => []],
  ['(global i32)', (W) => new W.Global({ value: 'i64' })],
  ['(global i32)', (W) => new W.Global({ value: 'i32', mutable: true })],
  ['(global i32)', () => () => {}],
];

for (const [text, make] of MISMATCHES) {
  both(`LinkError for ${text}: ${make.toString().replace(/^.*=> /, '')}`, (WebAssembly) => {
    const module = `(module (import "some module" "some field" ${text}))`;
    const imports = { 'some module': { 'some field': make(WebAssembly) } };
    assert.throws(() => instanceOf(WebAssembly, module, imports), WebAssembly.LinkError);
  });
}

gantryOnly(
  'LinkErrors say what is expected and what was found',
  'words differ with each kind',
  (WebAssembly) => {
    for (const [text, make] of MISMATCHES) {
      const module = `(module (import "some module" "some field" ${text}))`;
      const imports = { 'some module': { 'some field': make(WebAssembly) } };
      assert.throws(
        () => instanceOf(WebAssembly, module, imports),
        /Import #0 "some module" "some field": expected (function|memory|table|global) .*, found .+/,
        text,
      );
    }
    const message = (text, value) => {
      try {
        instanceOf(WebAssembly, `(module (import "m" "f" ${text}))`, { m: { f: value } });
      } catch (error) {
        return error.message.replace(/^.*#0 /, '');
      }
      return undefined;
    };
    assert.equal(
      message('(memory 2 5)', new WebAssembly.Memory({ initial: 1 })),
      '"m" "f": expected memory {min 2, max 5}, found memory {min 1}',
    );
    assert.match(message('(global i64)', 5), /expected global i64, found the number 5/);
    assert.match(message('(func)', undefined), /found undefined/);
  },
);

both('things that have grown fit by their present size', (WebAssembly) => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1, maximum: 4 });
  const module = new WebAssembly.Module(
    wat('(module (import "m" "memory" (memory 3 4)) (import "m" "table" (table 3 4 funcref)))'),
  );
  assert.throws(() => new WebAssembly.Instance(module, { m: { memory, table } }), WebAssembly.LinkError);
  memory.grow(2);
  table.grow(2);
  assert.ok(new WebAssembly.Instance(module, { m: { memory, table } }));
});

gantryOnly('objects of another engine are not taken for our own', 'the other way round', (WebAssembly) => {
  const text = (type) => `(module (import "m" "x" ${type}))`;
  const memory = new ofNode.Memory({ initial: 1 });
  const table = new ofNode.Table({ element: 'anyfunc', initial: 1 });
  assert.throws(
    () => instanceOf(WebAssembly, text('(memory 1)'), { m: { x: memory } }),
    WebAssembly.LinkError,
  );
  assert.throws(
    () => instanceOf(WebAssembly, text('(table 1 funcref)'), { m: { x: table } }),
    WebAssembly.LinkError,
  );
  // An exported function of another engine is a function like any other.
  const { f } = instanceOf(ofNode, '(module (func (export "f") (result i32) (i32.const 9)))');
  const exports = instanceOf(
    WebAssembly,
    '(module (import "m" "x" (func $f (result i32))) (func (export "f") (result i32) (call $f)))',
    { m: { x: f } },
  );
  assert.equal(exports.f(), 9);
});
