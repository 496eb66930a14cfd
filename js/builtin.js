'use strict';
// Node's own engine, for what only it can make: memory in SharedArrayBuffers, and objects that can be sent to other threads.

/** Undefined where Node runs without it. */
const builtin = globalThis.WebAssembly;

const getterOf = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;

const sharedMemory = builtin && {
  make: (descriptor) => new builtin.Memory(descriptor),
  buffer: getterOf(builtin.Memory.prototype, 'buffer'),
  grow: builtin.Memory.prototype.grow,
};

/** The name of the section by which a module of Node's engine stands for one of ours. */
const CARRIER = 'gantry';
const KEY_LENGTH = 16;

/** A module of Node's engine that does nothing but carry a key. Threads can send it to each other. */
function carrierOf(key) {
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 1 + CARRIER.length + KEY_LENGTH, CARRIER.length];
  return new builtin.Module(Uint8Array.from([...bytes, ...Buffer.from(CARRIER), ...key]));
}

/** The key of a carrier; undefined for anything else. */
function keyOf(value) {
  try {
    const [key] = builtin.Module.customSections(value, CARRIER);
    return key?.byteLength === KEY_LENGTH ? new Uint8Array(key) : undefined;
  } catch {
    // It is no module, or there is no engine.
    return undefined;
  }
}

/** The SharedArrayBuffer of a memory of Node's engine; undefined for anything else. */
function sharedBufferOf(value) {
  if (!sharedMemory) return undefined;
  try {
    const buffer = Reflect.apply(sharedMemory.buffer, value, []);
    return buffer instanceof SharedArrayBuffer ? buffer : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an object has the prototype of one of the classes of Node's engine. */
function isOfNode(object) {
  const prototype = Object.getPrototypeOf(object);
  return prototype === builtin.Module.prototype || prototype === builtin.Memory.prototype;
}

module.exports = {
  hasBuiltin: builtin !== undefined,
  sharedMemory,
  carrierOf,
  keyOf,
  isOfNode,
  sharedBufferOf,
};
