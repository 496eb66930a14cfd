'use strict';
// JavaScript objects for what is on the wasm heap: structs and arrays are opaque, exceptions are WebAssembly.Exception.
// One object for each address, as long as it is alive; it keeps what is there.
// https://webassembly.github.io/spec/js-api/#exported-gc-objects

const { host } = require('./binding');

class ReturnGiven {
  constructor(object) {
    return object;
  }
}

/** Private fields of the objects. */
class Identity extends ReturnGiven {
  #address;
  /** The anchor of the instance that it came from: functions in it may be those of what that reaches. */
  #anchor;

  constructor(object, address, anchor) {
    super(object);
    this.#address = address;
    this.#anchor = anchor;
  }

  static has(value) {
    return typeof value === 'object' && value !== null && #address in value;
  }

  static address(object) {
    return object.#address;
  }

  static anchor(object) {
    return object.#anchor;
  }
}

/** Weak references by address. */
const known = new Map();

/** Whether there was ever an object to look for: most programs have none, and looking takes time at every reference. */
let isUsed = false;

const registry = new FinalizationRegistry(({ address, reference }) => {
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
  new Identity(object, address, anchor);
  const reference = new WeakRef(object);
  known.set(address, reference);
  host.keepObject(address);
  registry.register(object, { address, reference });
  return object;
}

/** The Exported GC Object for an address. */
function exportedObject(address, anchor) {
  const object = objectAt(address);
  if (object) return object;
  const made = bindObject(Object.create(null), address, anchor);
  return Object.freeze(made);
}

module.exports = {
  objectAt,
  bindObject,
  exportedObject,
  isHeapObject: (value) => isUsed && Identity.has(value),
  addressOfObject: Identity.address,
  anchorOfObject: Identity.anchor,
};
