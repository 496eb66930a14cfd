'use strict';
// https://webassembly.github.io/spec/js-api/#memories

const { host, Kind } = require('../binding');
const { setOnGrowth } = require('../drive');
const { collectIfDue, collectNow } = require('../values');
const { memoryType } = require('./reflection');
const { addressOf, addressValue, AddressType, dictionary, enumeration } = require('./webidl');
const { limits, required, defineInterface } = require('./webidl');

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

class Memory {
  #id;
  #is64;
  #buffer = null;

  constructor(descriptor) {
    if (descriptor === EXISTING) {
      this.#id = arguments[1];
    } else {
      required(1, arguments.length, 'WebAssembly.Memory()');
      this.#id = create(descriptor);
    }
    this.#is64 = host.memoryIs64(this.#id);
    host.track(Kind.MEMORY, this.#id, this);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-memory-grow */
  grow(delta) {
    const id = this.#id;
    required(1, arguments.length, 'WebAssembly.Memory.grow()');
    const pages = addressValue(delta, this.#is64, 'WebAssembly.Memory.grow(): delta');
    const old = host.growMemory(id, pages);
    if (old === null) throw new RangeError('WebAssembly.Memory.grow(): maximum memory size exceeded');
    this.#refresh();
    return addressOf(old, this.#is64);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-memory-buffer */
  get buffer() {
    if (this.#buffer === null) {
      this.#buffer = Object.defineProperties(bufferOf(this.#id), UNTRANSFERABLE);
      memoryOfBuffer.set(this.#buffer, this);
    }
    return this.#buffer;
  }

  /** https://github.com/WebAssembly/js-types */
  type() {
    return memoryType(this.#id);
  }

  /** https://webassembly.github.io/spec/js-api/#refresh-the-memory-buffer */
  #refresh() {
    if (this.#buffer === null) return;
    host.detach(this.#buffer);
    this.#buffer = null;
  }

  static has(value) {
    return #id in value;
  }

  static id(memory) {
    return memory.#id;
  }

  static refresh(memory) {
    memory.#refresh();
  }
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
  if (descriptor.shared) throw new TypeError(`${what}: shared memories are not supported`);
  if (max !== undefined && max < min) throw new RangeError(`${what}: maximum ${max} is below initial ${min}`);
  const limit = is64 ? MAX_PAGES.i64 : MAX_PAGES.i32;
  for (const pages of [min, max ?? 0]) {
    if (pages > limit) throw new RangeError(`${what}: ${pages} pages are more than the limit of ${limit}`);
  }
  collectIfDue();
  let id = host.newMemory(is64, min, max);
  if (id === null) {
    collectNow();
    id = host.newMemory(is64, min, max);
  }
  if (id === null) throw new RangeError(`${what}: could not allocate memory`);
  return id;
}

const { has, id: idOfMemory, refresh } = Memory;
delete Memory.has;
delete Memory.id;
delete Memory.refresh;
defineInterface(Memory, 'Memory');

/** https://webassembly.github.io/spec/js-api/#create-a-memory-object */
function memoryObject(id) {
  return host.object(Kind.MEMORY, id) ?? new Memory(EXISTING, id);
}

setOnGrowth(() => {
  for (const id of host.takeGrownMemories()) {
    const memory = host.object(Kind.MEMORY, id);
    if (memory) refresh(memory);
  }
});

const isMemory = (value) => typeof value === 'object' && value !== null && has(value);

module.exports = { Memory, EXISTING, isMemory, idOfMemory, memoryObject };
