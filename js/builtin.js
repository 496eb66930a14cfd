'use strict';
// Node's own engine, for what only it can make: memory in SharedArrayBuffers, and objects that can be sent to other threads.

const { isSharedArrayBuffer } = require('node:util').types;
const { apply, getPrototypeOf, uncurry } = require('./primordials');

/** Undefined where Node runs without it. */
const builtin = globalThis.WebAssembly;

const BuiltinMemory = builtin?.Memory;

const getterOf = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;

const sharedMemory = builtin && {
  make: (descriptor) => new BuiltinMemory(descriptor),
  buffer: getterOf(builtin.Memory.prototype, 'buffer'),
  grow: builtin.Memory.prototype.grow,
};

/** The name of the section by which a module of Node's engine stands for one of ours. */
const CARRIER = 'gantry';
const KEY_LENGTH = 16;

/** A module of Node's engine that does nothing but carry a key. Threads can send it to each other. */
function carrierOf(key) {
  setBytes(carrier, key, KEY_AT);
  return new BuiltinModule(carrier);
}

/** The binary of carriers. */
const PREFIX = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 1 + CARRIER.length + KEY_LENGTH, CARRIER.length];
const KEY_AT = PREFIX.length + CARRIER.length;
const carrier = new Uint8Array(KEY_AT + KEY_LENGTH);
carrier.set([...PREFIX, ...Buffer.from(CARRIER)]);
const lengthOfBuffer = uncurry(getterOf(ArrayBuffer.prototype, 'byteLength'));
const setBytes = uncurry(Object.getPrototypeOf(Uint8Array.prototype).set);

const BuiltinModule = builtin?.Module;
// V8 takes 0.2 ms to begin with modules, which the first one would wait for. It had better be while a program waits for its files.
if (BuiltinModule) setImmediate(begin).unref();

function begin() {
  try {
    new BuiltinModule(carrier);
  } catch {
    // Whoever makes a module is told why that cannot be.
  }
}

const customSections = builtin?.Module.customSections;
const prototypes = [builtin?.Module.prototype, builtin?.Memory.prototype];

/** The key of a carrier; undefined for anything else. */
function keyOf(value) {
  try {
    const sections = customSections(value, CARRIER);
    if (sections.length === 0) return undefined;
    return lengthOfBuffer(sections[0]) === KEY_LENGTH ? new Uint8Array(sections[0]) : undefined;
  } catch {
    // It is no module, or there is no engine.
    return undefined;
  }
}

/** The SharedArrayBuffer of a memory of Node's engine; undefined for anything else. */
function sharedBufferOf(value) {
  if (!sharedMemory) return undefined;
  try {
    const buffer = apply(sharedMemory.buffer, value, []);
    return isSharedArrayBuffer(buffer) ? buffer : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an object has the prototype of one of the classes of Node's engine. */
function isOfNode(object) {
  const prototype = getPrototypeOf(object);
  return prototype === prototypes[0] || prototype === prototypes[1];
}

/**
 * %AbstractModuleSource%, which Module extends where the language has it (since Node.js 24).
 * https://tc39.es/proposal-source-phase-imports/#sec-%abstractmodulesource%
 */
const ModuleSource = builtin && sourceOf(getPrototypeOf(builtin.Module));

function sourceOf(constructor) {
  return constructor === Function.prototype ? undefined : constructor;
}

module.exports = {
  ModuleSource,
  hasBuiltin: builtin !== undefined,
  sharedMemory,
  carrierOf,
  keyOf,
  isOfNode,
  sharedBufferOf,
};
