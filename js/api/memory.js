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
const { limits, required, defineInterface, defineInstanceCheck, prototypeFor } = require('./webidl');
const {
  apply,
  uncurry,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  setPrototypeOf,
} = require('../primordials');
const { defineHidden, defineProperty, trunc, SafeWeakMap } = require('../primordials');

/** Pages that a memory can have: 4 GiB and 16 GiB. https://webassembly.github.io/spec/js-api/#limits */
const MAX_PAGES_32 = 65536;
const MAX_PAGES_64 = 262144;
/** The largest limit in the type of a memory with 64-bit addresses. */
const MAX_LIMIT_64 = 2 ** 37 - 1;

/** Tells constructors that a number is that of something that exists. */
const EXISTING = Symbol('existing');

/** Node-API cannot make resizable buffers of memory that is there; V8 makes one, which then shows the same pages. */
const { resize: resizeBuffer } = ArrayBuffer.prototype;
const getterOf = (name) => uncurry(getOwnPropertyDescriptor(ArrayBuffer.prototype, name).get);
const lengthOf = getterOf('byteLength');
const maxLengthOf = getterOf('maxByteLength');

/** Buffers keep their memories alive. */
const memoryOfBuffer = new SafeWeakMap();

/**
 * What is known of a memory: its number, whether its addresses have 64 bits, whether it is shared and whether Node's engine has then
 * allocated it, else its buffer and whether that is resizable.
 */
const State = brand();

/** The state of a memory, which may have come from another thread just now. */
const stateOf = (memory) => (State.has(memory) ? State.get(memory) : (adopt(memory) ?? State.get(memory)));

class Memory {
  constructor(descriptor) {
    const prototype = prototypeFor(this, new.target, Memory);
    if (descriptor === EXISTING) {
      const id = arguments[1];
      return bind(host.memoryLimits(id)[5] ? structuredClone(host.sharedObject(id)) : this, id, prototype);
    }
    required(1, arguments.length, 'WebAssembly.Memory()');
    const { id, object = this } = create(descriptor);
    return bind(object, id, prototype);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-memory-grow */
  grow(delta) {
    const state = stateOf(this);
    required(1, arguments.length, 'WebAssembly.Memory.grow()');
    const pages = addressValue(delta, state.is64, 'WebAssembly.Memory.grow(): delta');
    return addressOf(growBuffer(state, pages, 'WebAssembly.Memory.grow()'), state.is64);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-memory-buffer */
  get buffer() {
    return bufferOf(this, stateOf(this));
  }

  /** https://webassembly.github.io/spec/js-api/#dom-memory-tofixedlengthbuffer */
  toFixedLengthBuffer() {
    const state = stateOf(this);
    if (state.isOfNode) return sharedBuffer(state.id, false);
    if (state.isResizable) {
      if (state.buffer !== null) host.detach(state.buffer);
      state.buffer = null;
      state.isResizable = false;
    }
    return bufferOf(this, state);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-memory-toresizablebuffer */
  toResizableBuffer() {
    const state = stateOf(this);
    if (state.isOfNode) return sharedBuffer(state.id, true);
    const max = host.memoryLimits(state.id)[2];
    if (max === null || max === undefined) {
      throw new TypeError('WebAssembly.Memory.toResizableBuffer(): the memory must have a maximum');
    }
    if (!state.isResizable) {
      const resizable = resizableBuffer(state, max);
      if (state.buffer !== null) host.detach(state.buffer);
      setBuffer(this, state, resizable);
      state.isResizable = true;
    }
    return bufferOf(this, state);
  }

  /** https://github.com/WebAssembly/js-types */
  type() {
    return memoryType(stateOf(this).id);
  }
}

/** The buffer of a memory, made when it is asked for. */
function bufferOf(memory, state) {
  if (state.isOfNode) return sharedBuffer(state.id);
  // Threads may have grown it.
  if (state.isShared && state.buffer?.byteLength !== host.memoryLength(state.id)) refresh(state);
  if (state.buffer === null) {
    setBuffer(memory, state, fixedLengthBuffer(state.id));
    state.isResizable = false;
  } else if (state.isResizable) {
    refresh(state);
  }
  return state.buffer;
}

/** Node-API cannot give buffers the [[ArrayBufferDetachKey]] that the JS API asks for: the methods are replaced. */
function setBuffer(memory, state, buffer) {
  const { transfer, transferToFixedLength } = refusals;
  defineHidden(buffer, 'transfer', transfer);
  defineHidden(buffer, 'transferToFixedLength', transferToFixedLength);
  defineHidden(buffer, 'resize', resize);
  state.buffer = buffer;
  memoryOfBuffer.set(buffer, memory);
}

const refuse = () => {
  throw new TypeError('WebAssembly.Memory.buffer: the buffer of a memory cannot be transferred');
};
const refusals = {
  transfer() {
    return refuse();
  },
  transferToFixedLength() {
    return refuse();
  },
};
defineProperty(refusals.transfer, 'length', { value: 0 });

/** https://webassembly.github.io/spec/js-api/#hostresizearraybuffer */
const { resize } = {
  resize(newLength) {
    const memory = memoryOfBuffer.get(this);
    const state = memory && State.get(memory);
    if (!state?.isResizable || state.buffer !== this) return apply(resizeBuffer, this, [newLength]);
    const what = 'WebAssembly.Memory.buffer.resize()';
    const wanted = trunc(+newLength) || 0;
    const pageSize = host.memoryLimits(state.id)[4];
    const delta = wanted - byteLength(state.id);
    if (delta < 0 || delta % pageSize !== 0) {
      throw new RangeError(`${what}: memories grow by multiples of ${pageSize} bytes`);
    }
    growBuffer(state, delta / pageSize, what);
    return undefined;
  },
};

/** https://webassembly.github.io/spec/js-api/#create-a-fixed-length-memory-buffer. Before Node.js 22 array buffers end at 4 GiB. */
function fixedLengthBuffer(id) {
  try {
    return host.memoryBuffer(id);
  } catch (cause) {
    throw new RangeError(`WebAssembly.Memory.buffer: ${cause.message}`, { cause });
  }
}

/** https://webassembly.github.io/spec/js-api/#create-a-resizable-memory-buffer */
function resizableBuffer({ id }, max) {
  const maxByteLength = max * host.memoryLimits(id)[4];
  const buffer = new ArrayBuffer(byteLength(id), { __proto__: null, maxByteLength });
  if (max > 0 && !host.aliasMemory(id, new Uint8Array(buffer))) {
    throw new RangeError(
      'WebAssembly.Memory.toResizableBuffer(): this system cannot show a memory in two places',
    );
  }
  return buffer;
}

function byteLength(id) {
  const limits = host.memoryLimits(id);
  return limits[1] * limits[4];
}

/** https://webassembly.github.io/spec/js-api/#grow-the-memory-buffer */
function growBuffer(state, pages, what) {
  const old = state.isOfNode ? growSharedBy(state.id, pages) : host.growMemory(state.id, pages);
  if (old === null) throw new RangeError(`${what}: maximum memory size exceeded`);
  refresh(state);
  return old;
}

/** Makes an object stand for a memory. */
function bind(object, id, prototype) {
  if (getPrototypeOf(object) !== prototype) setPrototypeOf(object, prototype);
  const known = host.memoryLimits(id);
  const is64 = known[0];
  const isShared = known[3];
  const isOfNode = known[5];
  State.set(object, { id, is64, isShared, isOfNode, buffer: null, isResizable: false });
  if (!isOfNode) markAsUncloneable(object);
  host.track(Kind.MEMORY, id, object);
  return object;
}

/** The state of what another thread has sent; undefined if it is no memory. */
function adopt(object) {
  const id = adoptShared(object);
  if (id === undefined) return undefined;
  // An object of another copy of this package stays what it is there.
  bind(object, id, isOfNode(object) ? Memory.prototype : getPrototypeOf(object));
  return State.get(object);
}

function growSharedBy(id, pages) {
  if (pages > MAX_PAGES_32) return null;
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
  if (state.isResizable) {
    const length = byteLength(state.id);
    // Whoever took the buffer apart with the methods of ArrayBuffer.prototype finds another one.
    if (length > 0 && maxLengthOf(state.buffer) === 0) state.buffer = null;
    else if (lengthOf(state.buffer) !== length) apply(resizeBuffer, state.buffer, [length]);
    return;
  }
  host.detach(state.buffer);
  state.buffer = null;
}

function checkLimit(pages, limit, what) {
  if (pages > limit) throw new RangeError(`${what}: ${pages} pages are more than the limit of ${limit}`);
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
  checkLimit(min, is64 ? MAX_PAGES_64 : MAX_PAGES_32, what);
  if (max !== undefined) checkLimit(max, is64 ? MAX_LIMIT_64 : MAX_PAGES_32, what);
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

const isMemory = (value) =>
  typeof value === 'object' && value !== null && (State.has(value) || adopt(value) !== undefined);

defineInterface(Memory, 'Memory');
// Memories that came from another thread have the prototype of Node's own class until they are used.
defineInstanceCheck(Memory, isMemory);

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
  const grown = host.takeGrownMemories();
  for (let i = 0; i < grown.length; i++) {
    const memory = host.object(Kind.MEMORY, grown[i]);
    if (memory) refresh(stateOf(memory));
  }
});

module.exports = { Memory, EXISTING, isMemory, isSharedMemory, idOfMemory, memoryObject, nativeMemory };
