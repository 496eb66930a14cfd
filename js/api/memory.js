'use strict';
// https://webassembly.github.io/spec/js-api/#memories

const { host, Kind } = require('../binding');
const { brand, markAsUncloneable } = require('../brand');
const { isOfNode } = require('../builtin');
const { setOnGrowth } = require('../drive');
const { collectIfDue, collectNow } = require('../values');
const { memoryType } = require('./reflection');
const { addressOf, addressValue, AddressType, dictionary, enumeration } = require('./webidl');
const { createShared, adoptShared, growShared, sharedBuffer } = require('./shared');
const { isObject, limits, required, defineInterface } = require('./webidl');

/** By address type: 4 and 16 GiB. */
const MAX_PAGES = { i32: 65536, i64: 262144 };

/** Tells constructors that a number is that of something that exists. */
const EXISTING = Symbol('existing');

function refuseTransfer() {
  throw new TypeError('WebAssembly.Memory.buffer: the buffer of a memory cannot be transferred');
}
/**
 * Node-API cannot give buffers the [[ArrayBufferDetachKey]] that the JS API asks for: `structuredClone` and
 * `postMessage` refuse external buffers anyway, the methods have to be replaced.
 */
const UNTRANSFERABLE = {
  transfer: { value: refuseTransfer },
  transferToFixedLength: { value: refuseTransfer },
};

/** Buffers keep their memories alive. */
const memoryOfBuffer = new WeakMap();

/**
 * What is known of a memory: its number, whether its addresses have 64 bits, whether it is shared and whether Node's engine has then
 * allocated it, else its buffer.
 */
const State = brand();

/** The state of a memory, which may have come from another thread just now. */
const stateOf = (memory) => (State.has(memory) ? State.get(memory) : (adopt(memory) ?? State.get(memory)));

class Memory {
  constructor(descriptor) {
    if (descriptor === EXISTING) {
      const id = arguments[1];
      return bind(host.memoryLimits(id)[4] ? structuredClone(host.sharedObject(id)) : this, id, new.target);
    }
    required(1, arguments.length, 'WebAssembly.Memory()');
    const { id, object = this } = create(descriptor);
    return bind(object, id, new.target);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-memory-grow */
  grow(delta) {
    const state = stateOf(this);
    required(1, arguments.length, 'WebAssembly.Memory.grow()');
    const pages = addressValue(delta, state.is64, 'WebAssembly.Memory.grow(): delta');
    const old = state.isOfNode ? growSharedBy(state.id, pages) : host.growMemory(state.id, pages);
    if (old === null) throw new RangeError('WebAssembly.Memory.grow(): maximum memory size exceeded');
    refresh(state);
    return addressOf(old, state.is64);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-memory-buffer */
  get buffer() {
    const state = stateOf(this);
    if (state.isOfNode) return sharedBuffer(state.id);
    // Threads may have grown it.
    if (state.isShared && state.buffer?.byteLength !== host.memoryLength(state.id)) refresh(state);
    if (state.buffer === null) {
      state.buffer = Object.defineProperties(bufferOf(state.id), UNTRANSFERABLE);
      memoryOfBuffer.set(state.buffer, this);
    }
    return state.buffer;
  }

  /** https://github.com/WebAssembly/js-types */
  type() {
    return memoryType(stateOf(this).id);
  }
}

/** Makes an object stand for a memory. */
function bind(object, id, target) {
  if (Object.getPrototypeOf(object) !== target.prototype) {
    const { prototype } = target;
    Object.setPrototypeOf(object, isObject(prototype) ? prototype : Memory.prototype);
  }
  const [is64, , , isShared, isOfNode] = host.memoryLimits(id);
  State.set(object, { id, is64, isShared, isOfNode, buffer: null });
  if (!isOfNode) markAsUncloneable(object);
  host.track(Kind.MEMORY, id, object);
  return object;
}

/** The state of what another thread has sent; undefined if it is no memory. */
function adopt(object) {
  const id = adoptShared(object);
  if (id === undefined) return undefined;
  // An object of another copy of this package stays what it is there.
  bind(object, id, isOfNode(object) ? Memory : { prototype: Object.getPrototypeOf(object) });
  return State.get(object);
}

function growSharedBy(id, pages) {
  if (pages > MAX_PAGES.i32) return null;
  try {
    return growShared(id, pages);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** https://webassembly.github.io/spec/js-api/#refresh-the-memory-buffer */
function refresh(state) {
  if (state.buffer === null) return;
  host.detach(state.buffer);
  state.buffer = null;
}

/** Before Node.js 22 array buffers end at 4 GiB. */
function bufferOf(id) {
  try {
    return host.memoryBuffer(id);
  } catch (cause) {
    throw new RangeError(`WebAssembly.Memory.buffer: ${cause.message}`, { cause });
  }
}

/** Reads a MemoryDescriptor, its members in the order of Web IDL, and makes a memory. */
function create(value) {
  const what = 'WebAssembly.Memory()';
  const descriptor = dictionary(value, `${what}: descriptor`);
  const { address = 'i32' } = descriptor;
  const is64 = enumeration(address, AddressType, `${what}: address`);
  const { min, max } = limits(descriptor, is64, what);
  const isShared = Boolean(descriptor.shared);
  if (isShared && max === undefined) throw new TypeError(`${what}: a shared memory must have a maximum`);
  if (max !== undefined && max < min) throw new RangeError(`${what}: maximum ${max} is below initial ${min}`);
  const limit = is64 ? MAX_PAGES.i64 : MAX_PAGES.i32;
  for (const pages of [min, max ?? 0]) {
    if (pages > limit) throw new RangeError(`${what}: ${pages} pages are more than the limit of ${limit}`);
  }
  collectIfDue();
  if (isShared) return createShared(is64, min, max, what);
  let id = host.newMemory(is64, min, max);
  if (id === null) {
    collectNow();
    id = host.newMemory(is64, min, max);
  }
  if (id === null) throw new RangeError(`${what}: could not allocate memory`);
  return { id };
}

defineInterface(Memory, 'Memory');
// Memories that came from another thread have the prototype of Node's own class until they are used.
Object.defineProperty(Memory, Symbol.hasInstance, {
  value(value) {
    if (isObject(value)) isMemory(value);
    return Reflect.apply(Function.prototype[Symbol.hasInstance], this, [value]);
  },
  configurable: true,
});

/** A shared memory that native threads use: it is not of Node's engine, and its buffer is a plain ArrayBuffer. */
function nativeMemory({ is64, min, max }) {
  collectIfDue();
  const id = host.newNativeMemory(is64, min, max);
  if (id === null) throw new RangeError('WebAssembly.Memory: could not allocate memory');
  return new Memory(EXISTING, id);
}

const isSharedMemory = (memory) => stateOf(memory).isShared;

const idOfMemory = (memory) => stateOf(memory).id;

/** https://webassembly.github.io/spec/js-api/#create-a-memory-object */
function memoryObject(id) {
  return host.object(Kind.MEMORY, id) ?? new Memory(EXISTING, id);
}

setOnGrowth(() => {
  for (const id of host.takeGrownMemories()) {
    const memory = host.object(Kind.MEMORY, id);
    if (memory) refresh(stateOf(memory));
  }
});

const isMemory = (value) =>
  typeof value === 'object' && value !== null && (State.has(value) || adopt(value) !== undefined);

module.exports = { Memory, EXISTING, isMemory, isSharedMemory, idOfMemory, memoryObject, nativeMemory };
