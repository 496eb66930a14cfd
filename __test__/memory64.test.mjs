// Memories and tables with 64-bit addresses, from JavaScript and in code.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebAssembly } from 'gantry-wasm';
import { nodeMajor } from './helpers/both.mjs';
import { instanceOf } from './helpers/wat.mjs';

const GIB = 1n << 30n;

test('a memory of JavaScript: pages are bigints', () => {
  const memory = new WebAssembly.Memory({ address: 'i64', initial: 1n, maximum: 3n });
  assert.equal(memory.buffer.byteLength, 65_536);
  assert.equal(memory.grow(2n), 1n);
  assert.equal(memory.buffer.byteLength, 3 * 65_536);
  assert.throws(() => memory.grow(1n), RangeError);
  for (const wrong of [1, -1n, 1n << 64n, undefined, {}, Symbol('s')]) {
    assert.throws(
      () => memory.grow(wrong),
      wrong === undefined || typeof wrong === 'object' ? Error : TypeError,
    );
  }
  assert.throws(() => new WebAssembly.Memory({ address: 'i64', initial: 1 }), TypeError);
  assert.throws(() => new WebAssembly.Memory({ address: 'i32', initial: 1n }), TypeError);
  assert.throws(() => new WebAssembly.Memory({ address: 'i128', initial: 1n }), TypeError);
  assert.throws(() => new WebAssembly.Memory({ address: 'i64', initial: 262_145n }), RangeError);
  assert.throws(() => new WebAssembly.Memory({ address: 'i64', initial: 2n, maximum: 1n }), RangeError);
});

test('code reads and writes with 64-bit addresses, and offsets do not wrap', () => {
  const { load, store, memory, grow, size } = instanceOf(
    WebAssembly,
    `(module (memory (export "memory") i64 1 4)
      (func (export "load") (param i64) (result i32) (i32.load offset=4 (local.get 0)))
      (func (export "store") (param i64 i32) (i32.store offset=0xfffffffffffffff0 (local.get 0) (local.get 1)))
      (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
      (func (export "size") (result i64) (memory.size)))`,
  );
  new DataView(memory.buffer).setInt32(12, 77, true);
  assert.equal(load(8n), 77);
  assert.equal(load(65_528n), 0);
  for (const outside of [65_529n, 1n << 32n, (1n << 64n) - 8n, -1n, -4n]) {
    assert.throws(() => load(outside), WebAssembly.RuntimeError, `${outside}`);
  }
  for (const address of [0n, 16n, 32n]) assert.throws(() => store(address, 1), WebAssembly.RuntimeError);
  assert.equal(grow(3n), 1n);
  assert.equal(size(), 4n);
  assert.equal(grow(1n), -1n);
  assert.equal(memory.buffer.byteLength, 4 * 65_536);
});

test('beyond 4 GiB', () => {
  const { poke, peek, memory, grow } = instanceOf(
    WebAssembly,
    `(module (memory (export "memory") i64 1)
      (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
      (func (export "poke") (param i64 i64) (i64.store (local.get 0) (local.get 1)))
      (func (export "peek") (param i64) (result i64) (i64.load (local.get 0)))
      (func (export "fill") (param i64 i32 i64) (memory.fill (local.get 0) (local.get 1) (local.get 2))))`,
  );
  assert.equal(grow((5n * GIB) / 65_536n), 1n);
  const high = 4n * GIB + 8n;
  poke(high, 0x0123_4567_89ab_cdefn);
  assert.equal(peek(high), 0x0123_4567_89ab_cdefn);
  assert.equal(peek(8n), 0n, 'not the lower half of the address');
  // Before Node.js 22 array buffers end at 4 GiB.
  if (nodeMajor < 22) assert.throws(() => memory.buffer, RangeError);
  else assert.equal(memory.buffer.byteLength, Number(5n * GIB) + 65_536);
  assert.throws(() => peek(5n * GIB + 65_529n), WebAssembly.RuntimeError);
});

test('tables', () => {
  const table = new WebAssembly.Table({ address: 'i64', element: 'anyfunc', initial: 2n });
  assert.equal(table.length, 2n);
  assert.equal(table.get(1n), null);
  assert.equal(table.grow(1n), 2n);
  assert.throws(() => table.get(3n), RangeError);
  assert.throws(() => table.get(1n << 32n), RangeError);
  assert.throws(() => table.get(0), TypeError);
  const { seven, call } = instanceOf(
    WebAssembly,
    `(module (type $t (func (result i32))) (import "m" "table" (table i64 2 funcref))
      (func $seven (export "seven") (type $t) i32.const 7)
      (func (export "call") (param i64) (result i32) (call_indirect (type $t) (local.get 0)))
      (elem (i64.const 1) $seven))`,
    { m: { table } },
  );
  assert.equal(table.get(1n), seven);
  assert.equal(call(1n), 7);
  assert.throws(() => call((1n << 32n) + 1n), WebAssembly.RuntimeError);
});

test('imports must have the same address type', () => {
  const module = '(module (import "m" "memory" (memory i64 1)))';
  const narrow = new WebAssembly.Memory({ initial: 1 });
  assert.throws(() => instanceOf(WebAssembly, module, { m: { memory: narrow } }), {
    name: 'LinkError',
    message: /expected memory i64 \{min 1\}, found memory \{min 1\}/,
  });
});
