'use strict';
// Shared memories: Node's engine allocates them, because only it can make their SharedArrayBuffers; wasm asks here for what
// has to go through it as well. What users see are objects of Node's engine, so that they can be sent to other threads;
// the host keeps another one for as long as some instance has the memory.

const { host, mailbox } = require('../binding');
const { sharedMemory, sharedBufferOf } = require('../builtin');
const { setOnRequest } = require('../drive');

/** What Node's engine can allocate, in pages. */
const MAX_PAGES = 65536;

const bufferOf = (object) => Reflect.apply(sharedMemory.buffer, object, []);

/** Makes one; limits are in pages. Throws a RangeError when that is not possible. */
function createShared(is64, min, max, what) {
  if (!sharedMemory)
    throw new RangeError(`${what}: Node runs without an engine that could allocate shared memory`);
  if (min > MAX_PAGES) throw new RangeError(`${what}: could not allocate memory`);
  const maximum = Math.min(max, MAX_PAGES);
  const object = sharedMemory.make({ initial: min, maximum, shared: true });
  return { object, id: announce(object, is64, maximum) };
}

/** Tells the host of a memory of Node's engine; returns its number. */
function announce(object, is64, max) {
  return host.sharedMemory(is64, max, new Uint8Array(bufferOf(object)), structuredClone(object));
}

/** The number of a memory that came from another thread; undefined if it is none. */
function adoptShared(object) {
  const buffer = sharedBufferOf(object);
  const type = buffer && host.knownSharedMemory(new Uint8Array(buffer));
  return type ? announce(object, ...type) : undefined;
}

/** Adds pages; returns the old size in pages. Throws a RangeError when that is not possible. */
function growShared(id, delta) {
  const object = host.sharedObject(id);
  const old = Reflect.apply(sharedMemory.grow, object, [delta]);
  host.sharedMemoryGrew(id, bufferOf(object).byteLength);
  return old;
}

const views = new WeakMap();

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

const WAIT_RESULTS = { ok: 0, 'not-equal': 1, 'timed-out': 2 };
const NANOSECONDS = 1e6;

/** The slots of the mailbox: see src/enter.rs. */
const slots = new BigInt64Array(mailbox, 64, 6);

/** By the number that the host gives to what it wants. */
const requests = [
  function grow(id) {
    const delta = BigInt.asUintN(64, slots[2]);
    if (delta > BigInt(MAX_PAGES)) return -1;
    try {
      return growShared(id, Number(delta));
    } catch {
      // The maximum is reached, or there is no memory: that is what -1 says.
      return -1;
    }
  },
  function wait(id) {
    const [, , at, size, expected, timeout] = slots;
    const { i32, i64 } = viewsOf(id);
    const milliseconds = timeout < 0n ? Infinity : Number(timeout) / NANOSECONDS;
    const result =
      size === 4n
        ? Atomics.wait(i32, Number(at / 4n), Number(BigInt.asIntN(32, expected)), milliseconds)
        : Atomics.wait(i64, Number(at / 8n), expected, milliseconds);
    return WAIT_RESULTS[result];
  },
  function notify(id) {
    const at = Number(slots[2]);
    const count = Number(slots[3]);
    return Atomics.notify(viewsOf(id).i32, at / 4, count);
  },
];

setOnRequest(() => {
  const what = Number(slots[0]);
  const memory = Number(slots[1]);
  slots[0] = BigInt(requests[what](memory));
});

module.exports = {
  createShared,
  adoptShared,
  growShared,
  sharedBuffer: (id) => bufferOf(host.sharedObject(id)),
};
