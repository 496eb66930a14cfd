// Memories and their buffers. https://webassembly.github.io/spec/js-api/#memories

import assert from 'node:assert/strict';
import { instanceOf } from '../../helpers/wat.mjs';
import { NOT_OBJECTS, NOT_UNSIGNED, throwsForAll, watched } from '../expect.mjs';

export const title = 'Memories';

const PAGE = 65536;

const isBuffer = (buffer, pages) => {
  assert.equal(Object.getPrototypeOf(buffer), ArrayBuffer.prototype);
  assert.equal(buffer.byteLength, pages * PAGE);
  assert.ok(Object.isExtensible(buffer));
};

export const cases = {
  'new Memory': {
    'wants a descriptor': (W) => {
      assert.throws(() => new W.Memory(), TypeError);
      throwsForAll(
        [...NOT_OBJECTS, {}, { initial: undefined }, { maximum: 1 }],
        TypeError,
        (d) => new W.Memory(d),
      );
    },
    'wants limits in range': (W) => {
      throwsForAll(NOT_UNSIGNED, TypeError, (initial) => new W.Memory({ initial }));
      throwsForAll(NOT_UNSIGNED.slice(1), TypeError, (maximum) => new W.Memory({ initial: 0, maximum }));
      for (const [initial, maximum] of [[2, 1], [65537], [65537, 65537], [0, 65537], [0, 2 ** 32 - 1]]) {
        assert.throws(() => new W.Memory({ initial, maximum }), RangeError, `${initial} ${maximum}`);
      }
    },
    'reads members in the order of their names': (W) => {
      const log = [];
      new W.Memory(watched(log, { maximum: 2, initial: 1, shared: false, address: 'i32' }));
      assert.deepEqual(log, [
        'address',
        'address:string',
        'initial',
        'initial:number',
        'maximum',
        'maximum:number',
        'shared',
      ]);
    },
    'wants an address type that exists': (W) => {
      throwsForAll(
        ['', 'i16', null, 1, 'I32'],
        TypeError,
        (address) => new W.Memory({ initial: 0, address }),
      );
      assert.ok(new W.Memory({ address: undefined, initial: 0 }));
      assert.equal(new W.Memory({ address: 'i64', initial: 1n }).buffer.byteLength, PAGE);
    },
    'with 64-bit addresses wants bigints': (W) => {
      for (const initial of [undefined, null, 1, NaN, {}, -1n, 2n ** 64n]) {
        assert.throws(() => new W.Memory({ address: 'i64', initial }), Error, String(initial));
      }
      assert.throws(() => new W.Memory({ address: 'i64', initial: 1 }), TypeError);
      assert.throws(() => new W.Memory({ address: 'i64', initial: 2n, maximum: 1n }), RangeError);
      assert.equal(new W.Memory({ address: 'i64', initial: '1' }).buffer.byteLength, PAGE);
    },
    'of 32 bits refuses bigints': (W) => assert.throws(() => new W.Memory({ initial: 1n }), TypeError),
    'shared wants a maximum': (W) => {
      assert.throws(() => new W.Memory({ initial: 0, shared: true }), TypeError);
      const { buffer } = new W.Memory({ initial: 1, maximum: 1, shared: true });
      assert.equal(Object.getPrototypeOf(buffer), SharedArrayBuffer.prototype);
      assert.ok(Object.isFrozen(buffer));
    },
    'passes over arguments that it does not have': (W) =>
      isBuffer(new W.Memory({ initial: 0 }, {}).buffer, 0),
    'gives an object of its class': (W) => {
      const memory = new W.Memory({ initial: 0 });
      assert.equal(String(memory), '[object WebAssembly.Memory]');
      assert.deepEqual(Reflect.ownKeys(memory), []);
      assert.ok(Object.isExtensible(memory));
    },
  },
  buffer: {
    'is the same until the memory grows': (W) => {
      const memory = new W.Memory({ initial: 1 });
      isBuffer(memory.buffer, 1);
      assert.equal(memory.buffer, memory.buffer);
    },
    'cannot be set': (W) => {
      const memory = new W.Memory({ initial: 0 });
      assert.throws(() => (memory.buffer = 1), TypeError);
      isBuffer(memory.buffer, 0);
    },
    'cannot be detached': (W) => {
      const { buffer } = new W.Memory({ initial: 1 });
      try {
        // Node.js 20 copies what it cannot transfer.
        assert.equal(structuredClone(buffer, { transfer: [buffer] }).byteLength, PAGE);
      } catch (error) {
        assert.equal(error.name, 'DataCloneError');
      }
      isBuffer(buffer, 1);
    },
    'cannot be transferred': (W) => {
      const { buffer } = new W.Memory({ initial: 1 });
      assert.throws(() => buffer.transfer(), TypeError);
      assert.throws(() => buffer.transferToFixedLength(), TypeError);
      isBuffer(buffer, 1);
    },
    'cannot be resized when it is of fixed length': (W) => {
      const { buffer } = new W.Memory({ initial: 1, maximum: 2 });
      assert.throws(() => buffer.resize(2 * PAGE), TypeError);
      assert.deepEqual([buffer.resizable, buffer.maxByteLength], [false, PAGE]);
    },
  },
  grow: {
    'gives the old size and another buffer': (W) => {
      const memory = new W.Memory({ initial: 1, maximum: 3 });
      const { buffer } = memory;
      assert.equal(memory.grow(2), 1);
      assert.equal(buffer.byteLength, 0);
      assert.notEqual(memory.buffer, buffer);
      isBuffer(memory.buffer, 3);
    },
    'by zero gives another buffer too': (W) => {
      const memory = new W.Memory({ initial: 1 });
      const { buffer } = memory;
      assert.equal(memory.grow(0), 1);
      assert.equal(buffer.byteLength, 0);
      isBuffer(memory.buffer, 1);
    },
    'wants a number in range': (W) => {
      const memory = new W.Memory({ initial: 1, maximum: 2 });
      assert.throws(() => memory.grow(), TypeError);
      throwsForAll(NOT_UNSIGNED, TypeError, (delta) => memory.grow(delta));
      for (const delta of [2, 65536, 2 ** 32 - 1]) assert.throws(() => memory.grow(delta), RangeError);
      isBuffer(memory.buffer, 1);
    },
    'converts before it looks at the size': (W) => {
      const memory = new W.Memory({ initial: 1, maximum: 3 });
      assert.equal(memory.grow({ valueOf: () => (memory.grow(1), 1) }), 2);
      isBuffer(memory.buffer, 3);
      assert.throws(
        () =>
          memory.grow({
            valueOf: () => {
              throw new EvalError();
            },
          }),
        EvalError,
      );
    },
    'leaves the buffer of a shared memory alone': (W) => {
      const memory = new W.Memory({ initial: 1, maximum: 3, shared: true });
      const { buffer } = memory;
      assert.equal(memory.grow(1), 1);
      assert.equal(buffer.byteLength, PAGE);
      assert.notEqual(memory.buffer, buffer);
      assert.equal(memory.buffer.byteLength, 2 * PAGE);
      assert.ok(Object.isFrozen(memory.buffer));
    },
    'of a memory with 64-bit addresses wants and gives bigints': (W) => {
      const memory = new W.Memory({ address: 'i64', initial: 1n, maximum: 2n });
      assert.throws(() => memory.grow(1), TypeError);
      assert.throws(() => memory.grow(), TypeError);
      assert.equal(memory.grow(1n), 1n);
      assert.throws(() => memory.grow(1n), RangeError);
      assert.throws(() => memory.grow(2n ** 63n), RangeError);
    },
    'is what memory.grow of wasm is': (W) => {
      const { memory, grow } = instanceOf(
        W,
        `(module (memory (export "memory") 1 2)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
      );
      const { buffer } = memory;
      assert.equal(grow(5), -1);
      assert.equal(memory.buffer, buffer);
      assert.equal(grow(1), 1);
      assert.equal(buffer.byteLength, 0);
      isBuffer(memory.buffer, 2);
    },
  },
  toResizableBuffer: {
    'gives a buffer that stays': (W) => {
      const memory = new W.Memory({ initial: 1, maximum: 3 });
      const fixed = memory.buffer;
      const buffer = memory.toResizableBuffer();
      assert.equal(fixed.byteLength, 0);
      assert.equal(memory.buffer, buffer);
      assert.equal(memory.toResizableBuffer(), buffer);
      assert.deepEqual([buffer.resizable, buffer.byteLength, buffer.maxByteLength], [true, PAGE, 3 * PAGE]);
      memory.grow(1);
      assert.equal(memory.buffer, buffer);
      assert.equal(buffer.byteLength, 2 * PAGE);
    },
    'wants a maximum': (W) =>
      assert.throws(() => new W.Memory({ initial: 1 }).toResizableBuffer(), TypeError),
    'gives a buffer that makes the memory grow': (W) => {
      const memory = new W.Memory({ initial: 1, maximum: 3 });
      const buffer = memory.toResizableBuffer();
      buffer.resize(2 * PAGE);
      assert.equal(memory.grow(0), 2);
      for (const length of [0, PAGE, 2 * PAGE + 1, 4 * PAGE])
        assert.throws(() => buffer.resize(length), RangeError, `${length}`);
      assert.equal(buffer.byteLength, 2 * PAGE);
    },
    'gives a growable buffer of a shared memory': (W) => {
      const memory = new W.Memory({ initial: 1, maximum: 3, shared: true });
      const buffer = memory.toResizableBuffer();
      assert.deepEqual([buffer.growable, buffer.byteLength, buffer.maxByteLength], [true, PAGE, 3 * PAGE]);
      assert.equal(memory.buffer, buffer);
    },
  },
  toFixedLengthBuffer: {
    'detaches a resizable buffer': (W) => {
      const memory = new W.Memory({ initial: 1, maximum: 3 });
      const resizable = memory.toResizableBuffer();
      const buffer = memory.toFixedLengthBuffer();
      assert.equal(resizable.byteLength, 0);
      assert.equal(memory.buffer, buffer);
      assert.equal(buffer.resizable, false);
      isBuffer(buffer, 1);
    },
    'gives the buffer that is there when it is of fixed length': (W) => {
      const memory = new W.Memory({ initial: 1 });
      const { buffer } = memory;
      assert.equal(memory.toFixedLengthBuffer(), buffer);
    },
  },
};
