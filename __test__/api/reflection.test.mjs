// Types as JavaScript objects, and functions with a type. https://github.com/WebAssembly/js-types

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebAssembly } from 'gantry-wasm';
import { instanceOf } from '../helpers/wat.mjs';

test('types of memories, tables, globals and tags', () => {
  const memory = new WebAssembly.Memory({ minimum: 1, maximum: 5 });
  assert.deepEqual(memory.type(), { minimum: 1, maximum: 5, shared: false });
  memory.grow(2);
  assert.equal(memory.type().minimum, 3);
  const wide = new WebAssembly.Memory({ address: 'i64', initial: 1n });
  assert.deepEqual(wide.type(), { minimum: 1n, address: 'i64', shared: false });
  assert.deepEqual(new WebAssembly.Table({ element: 'anyfunc', initial: 2 }).type(), {
    element: 'funcref',
    minimum: 2,
  });
  const global = new WebAssembly.Global({ value: 'i64', mutable: true }, 1n);
  assert.deepEqual(global.type(), { mutable: true, value: 'i64' });
  assert.deepEqual(new WebAssembly.Tag({ parameters: ['f32', 'externref'] }).type(), {
    parameters: ['f32', 'externref'],
  });
  assert.throws(() => new WebAssembly.Memory({ initial: 1, minimum: 1 }), TypeError);
  assert.throws(() => new WebAssembly.Table({ element: 'funcref', initial: 1, minimum: 1 }), TypeError);
});

test('exported functions are functions with a type', () => {
  const { add } = instanceOf(
    WebAssembly,
    '(module (func (export "add") (param i32 f64) (result i64) (i64.const 1)))',
  );
  assert.ok(add instanceof WebAssembly.Function);
  assert.ok(add instanceof Function);
  assert.deepEqual(add.type(), { parameters: ['i32', 'f64'], results: ['i64'] });
  assert.throws(() => WebAssembly.Function.prototype.type.call(() => {}), TypeError);
});

test('a function of JavaScript gets a type, and can go where wasm functions go', () => {
  const seen = [];
  const func = new WebAssembly.Function({ parameters: ['i32', 'i64'], results: ['f64'] }, (...args) => {
    seen.push(args);
    return '2.5';
  });
  assert.equal(func(1.9, 7n), 2.5);
  assert.deepEqual(seen, [[1, 7n]]);
  assert.throws(() => func(1, 7), TypeError);
  assert.throws(() => new func(), TypeError);
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
  table.set(0, func);
  assert.equal(table.get(0), func);
  const { run } = instanceOf(
    WebAssembly,
    `(module (import "m" "t" (table 1 funcref)) (type $t (func (param i32 i64) (result f64)))
      (func (export "run") (result f64) (call_indirect (type $t) (i32.const 3) (i64.const 4) (i32.const 0))))`,
    { m: { t: table } },
  );
  assert.equal(run(), 2.5);
  assert.deepEqual(seen.at(-1), [3, 4n]);
  const many = new WebAssembly.Function({ parameters: [], results: ['i32', 'externref'] }, () => [1, 'two']);
  assert.deepEqual(many(), [1, 'two']);
});
