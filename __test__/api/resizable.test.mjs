// Memory.prototype.toResizableBuffer and toFixedLengthBuffer.
// https://webassembly.github.io/spec/js-api/#dom-memory-toresizablebuffer

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines } from '../helpers/both.mjs';
import { scriptWith, succeed } from '../helpers/child.mjs';
import { wat } from '../helpers/wat.mjs';

const PAGE = 65536;

/** Node's own engine has the methods since Node.js 26. */
for (const [engine, WebAssembly] of Object.entries(engines)) {
  if (!('toResizableBuffer' in WebAssembly.Memory.prototype)) continue;
  const check = (name, body) => test(`${name} [${engine}]`, () => body(WebAssembly));

  const accessing = (WebAssembly, memory, type, is64) => {
    const a = is64 ? 'i64' : 'i32';
    const text = `(module (import "m" "m" (memory ${type}))
      (func (export "load") (param ${a}) (result i32) (i32.load8_u (local.get 0)))
      (func (export "store") (param ${a} i32) (i32.store8 (local.get 0) (local.get 1)))
      (func (export "size") (result ${a}) (memory.size))
      (func (export "grow") (param ${a}) (result ${a}) (memory.grow (local.get 0))))`;
    return new WebAssembly.Instance(new WebAssembly.Module(wat(text)), { m: { m: memory } }).exports;
  };

  check('both are methods like others', ({ Memory }) => {
    for (const name of ['toResizableBuffer', 'toFixedLengthBuffer']) {
      const { value, ...attributes } = Object.getOwnPropertyDescriptor(Memory.prototype, name);
      assert.deepEqual(attributes, { writable: true, enumerable: true, configurable: true });
      assert.equal(value.name, name);
      assert.equal(value.length, 0);
      assert.throws(() => new value(), TypeError);
      for (const receiver of [undefined, null, 1, {}, Memory, Memory.prototype]) {
        assert.throws(() => value.call(receiver), TypeError);
      }
    }
  });

  check('a memory without a maximum has no resizable buffer', ({ Memory }) => {
    const memory = new Memory({ initial: 1 });
    const { buffer } = memory;
    assert.throws(() => memory.toResizableBuffer(), TypeError);
    assert.equal(memory.buffer, buffer);
    assert.equal(buffer.byteLength, PAGE);
  });

  check('changing makes a new object and detaches the old one, asking again does neither', ({ Memory }) => {
    const memory = new Memory({ initial: 1, maximum: 4 });
    const fixed = memory.buffer;
    assert.equal(memory.toFixedLengthBuffer(), fixed);
    assert.equal(fixed.resizable, false);
    const resizable = memory.toResizableBuffer();
    assert.notEqual(resizable, fixed);
    assert.equal(fixed.byteLength, 0);
    assert.equal(memory.buffer, resizable);
    assert.equal(memory.toResizableBuffer(), resizable);
    assert.deepEqual(
      [resizable.resizable, resizable.byteLength, resizable.maxByteLength],
      [true, PAGE, 4 * PAGE],
    );
    const again = memory.toFixedLengthBuffer();
    assert.equal(resizable.byteLength, 0);
    assert.deepEqual([again.resizable, again.byteLength], [false, PAGE]);
    assert.equal(memory.buffer, again);
    assert.notEqual(memory.toResizableBuffer(), resizable);
  });

  for (const is64 of [false, true]) {
    const n = (value) => (is64 ? BigInt(value) : value);
    const bits = is64 ? 64 : 32;
    const make = ({ Memory }, initial, maximum) =>
      new Memory({ address: is64 ? 'i64' : 'i32', initial: n(initial), maximum: n(maximum) });
    const type = is64 ? 'i64 1 10' : '1 10';

    check(`wasm and the buffer show the same bytes, ${bits} bits`, (WebAssembly) => {
      const memory = make(WebAssembly, 1, 10);
      new Uint8Array(memory.buffer)[5] = 7;
      const { load, store, grow, size } = accessing(WebAssembly, memory, type, is64);
      const bytes = new Uint8Array(memory.toResizableBuffer());
      assert.equal(bytes[5], 7);
      assert.equal(load(n(5)), 7);
      store(n(6), 8);
      assert.equal(bytes[6], 8);
      bytes[7] = 9;
      assert.equal(load(n(7)), 9);
      assert.equal(grow(n(2)), n(1));
      assert.equal(bytes.length, 3 * PAGE, 'views without a length follow');
      store(n(3 * PAGE - 1), 10);
      assert.equal(bytes[3 * PAGE - 1], 10);
      assert.throws(() => load(n(3 * PAGE)), WebAssembly.RuntimeError);
      memory.buffer.resize(5 * PAGE);
      assert.equal(size(), n(5));
      bytes[5 * PAGE - 1] = 11;
      assert.equal(load(n(5 * PAGE - 1)), 11);
      assert.equal(memory.grow(n(1)), n(5));
      assert.equal(bytes.length, 6 * PAGE);
      assert.equal(bytes[5 * PAGE], 0);
      assert.deepEqual([...new Uint8Array(memory.toFixedLengthBuffer(), 5, 3)], [7, 8, 9]);
      assert.equal(load(n(5 * PAGE - 1)), 11);
    });

    check(`the buffer grows by whole pages up to the maximum, ${bits} bits`, (WebAssembly) => {
      const memory = make(WebAssembly, 2, 4);
      const buffer = memory.toResizableBuffer();
      for (const length of [PAGE, 0, 2 * PAGE + 1, 3 * PAGE - 1, 5 * PAGE, -1, Infinity]) {
        assert.throws(() => buffer.resize(length), RangeError, String(length));
        assert.equal(buffer.byteLength, 2 * PAGE);
      }
      buffer.resize(2 * PAGE);
      buffer.resize(4 * PAGE);
      assert.equal(buffer.byteLength, 4 * PAGE);
      assert.throws(() => memory.grow(n(1)), RangeError);
      assert.equal(memory.buffer, buffer);
    });
  }

  check('the buffer cannot be detached', ({ Memory }) => {
    const buffer = new Memory({ initial: 0, maximum: 1 }).toResizableBuffer();
    if (buffer.transfer) {
      assert.throws(() => buffer.transfer(), TypeError);
      assert.throws(() => buffer.transferToFixedLength(), TypeError);
    }
    assert.equal(buffer.resizable, true);
  });

  check('empty memories, those that cannot grow, and the largest', ({ Memory }) => {
    for (const [initial, maximum] of [
      [0, 0],
      [0, 1],
      [1, 1],
      [0, 65536],
    ]) {
      const buffer = new Memory({ initial, maximum }).toResizableBuffer();
      assert.deepEqual([buffer.byteLength, buffer.maxByteLength], [initial * PAGE, maximum * PAGE]);
    }
  });

  check('shared memories have growable buffers', (WebAssembly) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
    const fixed = memory.buffer;
    assert.equal(memory.toFixedLengthBuffer(), fixed);
    new Uint8Array(fixed)[5] = 7;
    const growable = memory.toResizableBuffer();
    assert.equal(memory.toResizableBuffer(), growable);
    assert.equal(memory.buffer, growable);
    assert.deepEqual(
      [growable.growable, growable.byteLength, growable.maxByteLength],
      [true, PAGE, 4 * PAGE],
    );
    const { load, store, size, grow } = accessing(WebAssembly, memory, '1 4 shared', false);
    const bytes = new Uint8Array(growable);
    assert.equal(bytes[5], 7);
    growable.grow(2 * PAGE);
    assert.equal(size(), 2);
    store(2 * PAGE - 1, 8);
    assert.equal(bytes[2 * PAGE - 1], 8);
    assert.equal(grow(1), 2);
    assert.equal(memory.buffer.byteLength, 3 * PAGE);
    for (const length of [PAGE, 3 * PAGE + 1, 5 * PAGE]) {
      assert.throws(() => growable.grow(length), RangeError, String(length));
    }
    const again = memory.toFixedLengthBuffer();
    assert.deepEqual([again.growable, again.byteLength], [false, 3 * PAGE]);
    assert.equal(new Uint8Array(again)[2 * PAGE - 1], 8);
    assert.equal(load(5), 7);
  });
}

test('a buffer that was taken away with the methods of ArrayBuffer.prototype is replaced', () => {
  const memory = new engines.gantry.Memory({ initial: 1, maximum: 4 });
  const buffer = memory.toResizableBuffer();
  new Uint8Array(buffer)[1] = 5;
  structuredClone(buffer, { transfer: [buffer] });
  assert.notEqual(memory.buffer, buffer);
  assert.equal(new Uint8Array(memory.buffer)[1], 5);
});

test('threads see what others write, and growth when they ask for the buffer', async () => {
  const script = scriptWith(
    {},
    `
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
    const other = worker(\`
      const { memory } = workerData;
      memory instanceof WebAssembly.Memory;
      const buffer = memory.toResizableBuffer();
      new Uint8Array(buffer)[0] = 1;
      buffer.grow(${3 * PAGE});
      new Uint8Array(buffer)[${3 * PAGE - 1}] = 2;
    \`, { workerData: { memory } });
    const mine = memory.toResizableBuffer();
    await once(other, 'exit');
    assert.equal(memory.buffer, mine);
    assert.deepEqual([mine.byteLength, new Uint8Array(mine)[0], new Uint8Array(mine)[${3 * PAGE - 1}]], [${3 * PAGE}, 1, 2]);
    console.log('same');
  `,
  );
  assert.equal(await succeed(script), 'same');
});

test('memories with resizable buffers come and go without leaving anything', async () => {
  const script = scriptWith(
    {},
    `
    const most = [0, 0];
    for (let i = 0; i < 40000; i++) {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 16 });
      new Uint8Array(memory.toResizableBuffer())[9] = 1;
      if (i % 100 === 0) await new Promise(setImmediate);
      if (i % 500 === 0) most[i < 20000 ? 0 : 1] = Math.max(most[i < 20000 ? 0 : 1], rss());
    }
    // V8 frees buffers when it has collected their garbage: what is waiting for that varies.
    console.log(most[1] - most[0] < 100 ? 'flat' : most);
  `,
  );
  assert.equal(await succeed(script), 'flat');
});
