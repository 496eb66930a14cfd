// WebAssembly.Memory: its buffer is the memory itself.
// https://webassembly.github.io/spec/js-api/#memories

import assert from 'node:assert/strict';
import { both, nodeMajor } from '../helpers/both.mjs';
import { instanceOf } from '../helpers/wat.mjs';

const PAGE = 65536;
const GROWING = `(module (import "m" "f" (func $f)) (memory (export "m") 1 20)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "growAndCall") (param i32) (result i32)
    (memory.grow (local.get 0)) (call $f) (i32.store8 (i32.const 0) (i32.const 77)))
  (func (export "size") (result i32) (memory.size))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))`;
const growing = (WebAssembly, f = () => {}) => instanceOf(WebAssembly, GROWING, { m: { f } });

both('limits: what is a TypeError and what a RangeError', (WebAssembly) => {
  const make = (descriptor) => () => new WebAssembly.Memory(descriptor);
  for (const descriptor of [undefined, null, 5, 'x', {}, { maximum: 1 }, { initial: undefined }]) {
    assert.throws(make(descriptor), TypeError);
  }
  for (const number of [-1, NaN, Infinity, -Infinity, 2 ** 32, 'x', {}, -1.5, Symbol.iterator, 1n]) {
    assert.throws(make({ initial: number }), TypeError, String(number));
    assert.throws(make({ initial: 0, maximum: number }), TypeError, String(number));
  }
  for (const descriptor of [{ initial: 65537 }, { initial: 2, maximum: 1 }, { initial: 1, maximum: 65537 }]) {
    assert.throws(make(descriptor), RangeError);
  }
  for (const [initial, pages] of [
    [0, 0],
    [-0, 0],
    [1, 1],
    [1.9, 1],
    ['2', 2],

    [null, 0],
    [true, 1],
    [[1], 1],
  ]) {
    assert.equal(new WebAssembly.Memory({ initial }).buffer.byteLength, pages * PAGE);
  }
  assert.equal(new WebAssembly.Memory({ initial: 1, maximum: 65536 }).buffer.byteLength, PAGE);
});

both('members of the descriptor are read and converted in order', (WebAssembly) => {
  const log = [];
  const member = (name) => ({
    enumerable: true,
    get: () => (log.push(name), { valueOf: () => (log.push(`${name}!`), 1) }),
  });
  new WebAssembly.Memory(
    Object.defineProperties({}, { maximum: member('maximum'), initial: member('initial') }),
  );
  assert.deepEqual(log, ['initial', 'initial!', 'maximum', 'maximum!']);
});

both('the buffer is the memory', (WebAssembly) => {
  const { m, load, store } = growing(WebAssembly);
  const view = new Uint8Array(m.buffer);
  assert.ok(m.buffer instanceof ArrayBuffer);
  assert.equal(m.buffer, m.buffer);
  view[5] = 99;
  assert.equal(load(5), 99);
  store(6, 200);
  assert.equal(view[6], 200);
  assert.equal(m.buffer.byteLength, PAGE);
  assert.throws(() => (m.buffer = null), TypeError);
});

both('memory.grow detaches the buffer and keeps the contents', (WebAssembly) => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
  const before = memory.buffer;
  const view = new Uint8Array(before);
  view[100] = 7;
  assert.equal(memory.grow(1), 1);
  assert.equal(before.byteLength, 0);
  assert.equal(view.length, 0);
  assert.equal(view[100], undefined);
  assert.notEqual(memory.buffer, before);
  assert.equal(memory.buffer.byteLength, 2 * PAGE);
  assert.equal(new Uint8Array(memory.buffer)[100], 7);
  assert.equal(new Uint8Array(memory.buffer)[PAGE + 1], 0);
});

both('growth by zero detaches too', (WebAssembly) => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const before = memory.buffer;
  assert.equal(memory.grow(0), 1);
  assert.equal(before.byteLength, 0);
  assert.equal(memory.buffer.byteLength, PAGE);
  const { m, grow } = growing(WebAssembly);
  const { buffer } = m;
  assert.equal(grow(0), 1);
  assert.notEqual(m.buffer, buffer);
  assert.equal(buffer.byteLength, 0);
});

both('failing growth changes nothing', (WebAssembly) => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const { buffer } = memory;
  assert.throws(() => memory.grow(2), RangeError);
  assert.throws(() => memory.grow(0xffffffff), RangeError);
  for (const delta of [undefined, -1, NaN, 2 ** 32, 'x', {}])
    assert.throws(() => memory.grow(delta), TypeError);
  assert.throws(() => memory.grow(), TypeError);
  assert.throws(() => new WebAssembly.Memory({ initial: 1 }).grow(65536), RangeError);
  assert.equal(memory.buffer, buffer);
  assert.equal(buffer.byteLength, PAGE);
  const { m, grow } = growing(WebAssembly);
  const kept = m.buffer;
  assert.equal(grow(20), -1);
  assert.equal(m.buffer, kept);
});

both('growth from wasm detaches the buffer', (WebAssembly) => {
  const { m, grow, store } = growing(WebAssembly);
  const before = m.buffer;
  store(5, 9);
  assert.equal(grow(2), 1);
  assert.equal(before.byteLength, 0);
  assert.equal(m.buffer.byteLength, 3 * PAGE);
  assert.equal(new Uint8Array(m.buffer)[5], 9);
});

both('imports see the growth that came before them', (WebAssembly) => {
  const seen = [];
  const exports = growing(WebAssembly, () => {
    seen.push(before.byteLength, exports.m.buffer.byteLength);
    new Uint8Array(exports.m.buffer)[1] = 55;
  });
  const before = exports.m.buffer;
  assert.equal(exports.growAndCall(1), 1);
  assert.deepEqual(seen, [0, 2 * PAGE]);
  assert.deepEqual([...new Uint8Array(exports.m.buffer, 0, 2)], [77, 55]);
});

both('growth inside a nested call, from JavaScript and from wasm', (WebAssembly) => {
  let depth = 0;
  const seen = [];
  const exports = growing(WebAssembly, () => {
    seen.push(exports.m.buffer.byteLength / PAGE);
    if (++depth < 3) exports.growAndCall(1);
    else exports.m.grow(1);
    seen.push(exports.m.buffer.byteLength / PAGE);
  });
  const before = exports.m.buffer;
  exports.growAndCall(1);
  assert.equal(before.byteLength, 0);
  assert.deepEqual(seen, [2, 3, 4, 5, 5, 5]);
  assert.equal(exports.size(), 5);
  assert.equal(new Uint8Array(exports.m.buffer)[0], 77);
});

both('growth before a trap and before an exception is seen', (WebAssembly) => {
  const exports = instanceOf(
    WebAssembly,
    `(module (import "m" "f" (func $f)) (memory (export "m") 1)
      (func (export "trap") (drop (memory.grow (i32.const 1))) unreachable)
      (func (export "throw") (drop (memory.grow (i32.const 1))) (call $f)))`,
    {
      m: {
        f() {
          throw new Error('from the import');
        },
      },
    },
  );
  const first = exports.m.buffer;
  assert.throws(exports.trap, WebAssembly.RuntimeError);
  assert.equal(first.byteLength, 0);
  const second = exports.m.buffer;
  assert.equal(second.byteLength, 2 * PAGE);
  assert.throws(exports.throw, /from the import/);
  assert.equal(second.byteLength, 0);
  assert.equal(exports.m.buffer.byteLength, 3 * PAGE);
});

both('growth of a shared memory is seen by every instance', (WebAssembly) => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const text = `(module (import "m" "memory" (memory 1)) (export "m" (memory 0))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "size") (result i32) (memory.size))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`;
  const [a, b] = [1, 2].map(() => instanceOf(WebAssembly, text, { m: { memory } }));
  assert.equal(a.m, memory);
  assert.throws(() => b.load(PAGE), WebAssembly.RuntimeError);
  const { buffer } = memory;
  a.grow();
  assert.equal(buffer.byteLength, 0);
  assert.equal(b.size(), 2);
  assert.equal(b.load(PAGE), 0);
  memory.grow(1);
  assert.equal(a.size(), 3);
});

both('the buffer cannot be transferred', (WebAssembly) => {
  const { m, load } = growing(WebAssembly);
  const { buffer } = m;
  new Uint8Array(buffer)[3] = 33;
  const transfer = () => structuredClone(buffer, { transfer: [buffer] });
  // Node 20 copies what cannot be transferred.
  if (nodeMajor === 20) assert.equal(transfer().byteLength, PAGE);
  else assert.throws(transfer, { name: 'DataCloneError' });
  if (buffer.transfer) {
    assert.throws(() => buffer.transfer(), TypeError);
    assert.throws(() => buffer.transferToFixedLength(), TypeError);
  }
  assert.equal(buffer.byteLength, PAGE);
  assert.equal(m.buffer, buffer);
  assert.equal(load(3), 33);
  assert.equal(structuredClone(buffer).byteLength, PAGE);
});
