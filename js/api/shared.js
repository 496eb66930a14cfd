'use strict';
// Shared memories: Node's engine allocates them, because only it can make their SharedArrayBuffers; wasm asks here for what
// has to go through it as well. What users see are objects of Node's engine, so that they can be sent to other threads;
// the host keeps another one for as long as some instance has the memory.

const { host, mailbox } = require('../binding');
const { sharedMemory, sharedBufferOf } = require('../builtin');
const { setOnRequest } = require('../drive');
const { apply, uncurry, getOwnPropertyDescriptor, defineHidden, trunc } = require('../primordials');
const { asIntN, toBigInt, toNumber, SafeWeakMap } = require('../primordials');

/** What Node's engine can allocate, in pages. */
const MAX_PAGES = 65536;
const PAGE_SIZE = 65536;

const bufferOf = (object) => apply(sharedMemory.buffer, object, []);
const lengthOf = uncurry(getOwnPropertyDescriptor(SharedArrayBuffer.prototype, 'byteLength').get);

/** Makes one; limits are in pages. Throws a RangeError when that is not possible. */
function createShared(is64, min, max, what) {
  if (!sharedMemory)
    throw new RangeError(`${what}: Node runs without an engine that could allocate shared memory`);
  if (min > MAX_PAGES) throw new RangeError(`${what}: could not allocate memory`);
  const maximum = max < MAX_PAGES ? max : MAX_PAGES;
  const object = sharedMemory.make({ __proto__: null, initial: min, maximum, shared: true });
  const id = announce(object, is64, maximum);
  host.makeAliasable(id);
  return { object, id };
}

/** Tells the host of a memory of Node's engine; returns its number. */
function announce(object, is64, max) {
  return host.sharedMemory(is64, max, new Uint8Array(bufferOf(object)), structuredClone(object));
}

/** The number of a memory that came from another thread; undefined if it is none. */
function adoptShared(object) {
  const buffer = sharedBufferOf(object);
  const type = buffer && host.knownSharedMemory(new Uint8Array(buffer));
  return type ? announce(object, type[0], type[1]) : undefined;
}

/**
 * Growable buffers that show the pages of memories too, and whether they are in use. Those that Node's engine has since Node.js 26
 * are frozen, so that the host would not hear of their growth.
 */
const aliases = new SafeWeakMap();
const { grow: growBuffer } = SharedArrayBuffer.prototype;

/** The buffer of a memory; growable if that was asked for last. */
function sharedBuffer(id, wantsGrowable) {
  const object = host.sharedObject(id);
  const alias = aliases.get(object);
  if (wantsGrowable !== undefined && alias) alias.isUsed = wantsGrowable;
  if (wantsGrowable === true && !alias) aliases.set(object, { buffer: newAlias(id, object), isUsed: true });
  return aliasOf(object) ?? bufferOf(object);
}

/** The growable buffer that is in use, as long as the memory is now: other threads may have grown it. */
function aliasOf(object) {
  const alias = aliases.get(object);
  if (!alias?.isUsed) return undefined;
  const byteLength = lengthOf(bufferOf(object));
  if (lengthOf(alias.buffer) < byteLength) apply(growBuffer, alias.buffer, [byteLength]);
  return alias.buffer;
}

function newAlias(id, object) {
  const maxByteLength = host.memoryLimits(id)[2] * PAGE_SIZE;
  const buffer = new SharedArrayBuffer(lengthOf(bufferOf(object)), { __proto__: null, maxByteLength });
  if (maxByteLength > 0 && !host.aliasMemory(id, new Uint8Array(buffer))) {
    throw new RangeError(
      'WebAssembly.Memory.toResizableBuffer(): this system cannot show a shared memory in two places',
    );
  }
  return growableOf(id, buffer);
}

/** Has a growable buffer grow its memory. https://webassembly.github.io/spec/js-api/#hostresizearraybuffer */
function growableOf(id, buffer) {
  const object = host.sharedObject(id);
  const { grow } = {
    grow(newLength) {
      const delta = (trunc(+newLength) || 0) - lengthOf(bufferOf(object));
      if (delta < 0 || delta % PAGE_SIZE !== 0) {
        throw new RangeError(
          `WebAssembly.Memory.buffer.grow(): memories grow by multiples of ${PAGE_SIZE} bytes`,
        );
      }
      growShared(id, delta / PAGE_SIZE);
    },
  };
  defineHidden(buffer, 'grow', grow);
  return buffer;
}

/** Adds pages; returns the old size in pages. Throws a RangeError when that is not possible. */
function growShared(id, delta) {
  const object = host.sharedObject(id);
  const old = apply(sharedMemory.grow, object, [delta]);
  host.sharedMemoryGrew(id, lengthOf(bufferOf(object)));
  aliasOf(object);
  return old;
}

const views = new SafeWeakMap();

/** Views of a whole memory as it is now. */
function viewsOf(id) {
  const object = host.sharedObject(id);
  const buffer = bufferOf(object);
  let known = views.get(object);
  if (known?.buffer !== buffer) {
    known = { buffer, i32: new Int32Array(buffer), i64: new BigInt64Array(buffer) };
    views.set(object, known);
  }
  return known;
}

const { wait, notify } = Atomics;
const { asUintN } = BigInt;

const WAIT_RESULTS = {
  __proto__: null,
  ok: 0,
  'not-equal': 1,
  'timed-out': 2,
};
const NANOSECONDS = 1e6;

/** The slots of the mailbox: see src/enter.rs. */
const slots = new BigInt64Array(mailbox, 64, 6);

/** By the number that the host gives to what it wants. */
const requests = [
  function grow(id) {
    const delta = asUintN(64, slots[2]);
    if (delta > toBigInt(MAX_PAGES)) return -1;
    try {
      return growShared(id, toNumber(delta));
    } catch {
      // The maximum is reached, or there is no memory: that is what -1 says.
      return -1;
    }
  },
  function waitFor(id) {
    const at = slots[2];
    const size = slots[3];
    const expected = slots[4];
    const timeout = slots[5];
    const { i32, i64 } = viewsOf(id);
    const milliseconds = timeout < 0n ? Infinity : toNumber(timeout) / NANOSECONDS;
    const result =
      size === 4n
        ? wait(i32, toNumber(at / 4n), toNumber(asIntN(32, expected)), milliseconds)
        : wait(i64, toNumber(at / 8n), expected, milliseconds);
    return WAIT_RESULTS[result];
  },
  function wake(id) {
    const at = toNumber(slots[2]);
    const count = toNumber(slots[3]);
    return notify(viewsOf(id).i32, at / 4, count);
  },
];

setOnRequest(() => {
  const what = toNumber(slots[0]);
  const memory = toNumber(slots[1]);
  slots[0] = toBigInt(requests[what](memory));
});

module.exports = {
  createShared,
  adoptShared,
  growShared,
  sharedBuffer,
};
