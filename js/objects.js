'use strict';
// JavaScript objects for what is on the wasm heap: structs and arrays are opaque, exceptions are WebAssembly.Exception.
// One object for each address, as long as it is alive; it keeps what is there.
// https://webassembly.github.io/spec/js-api/#exported-gc-objects

const { host } = require('./binding');
const { brand } = require('./brand');
const { create, freeze, SafeFinalizationRegistry, SafeMap, SafeWeakRef } = require('./primordials');

/**
 * The address of what an object stands for, and the anchor of the instance that it came from: functions in it may be those of
 * what that reaches.
 */
const Identity = brand();

/** Weak references by address. */
const known = new SafeMap();

/** Whether there was ever an object to look for: most programs have none, and looking takes time at every reference. */
let isUsed = false;

const registry = new SafeFinalizationRegistry(({ address, reference }) => {
  // The address may have another object by now.
  if (known.get(address) !== reference) return;
  known.delete(address);
  host.releaseObject(address);
});

/** The object for an address, if there is one. */
function objectAt(address) {
  return known.get(address)?.deref();
}

/** Makes an object stand for what is at an address, and keep it. */
function bindObject(object, address, anchor) {
  isUsed = true;
  Identity.set(object, { address, anchor });
  const reference = new SafeWeakRef(object);
  known.set(address, reference);
  host.keepObject(address);
  registry.register(object, { address, reference });
  return object;
}

/** The Exported GC Object for an address. */
function exportedObject(address, anchor) {
  const object = objectAt(address);
  if (object) return object;
  return bindObject(new NativeProxy(OPAQUE, opaque), address, anchor);
}

const NativeProxy = Proxy;
const OPAQUE = freeze(create(null));

function refuse() {
  throw new TypeError('WebAssembly objects are opaque');
}

const no = () => false;

/** The internal methods of Exported GC Objects. A frozen object without prototype has the others. */
const opaque = {
  __proto__: null,
  set: refuse,
  deleteProperty: refuse,
  preventExtensions: no,
  setPrototypeOf: no,
};

module.exports = {
  objectAt,
  bindObject,
  exportedObject,
  isHeapObject: (value) => isUsed && typeof value === 'object' && value !== null && Identity.has(value),
  addressOfObject: (object) => Identity.get(object).address,
  anchorOfObject: (object) => Identity.get(object).anchor,
};
