'use strict';
// https://webassembly.github.io/spec/js-api/#globals

const { host, Kind } = require('../binding');
const { markAsUncloneable } = require('../brand');
const { Holders } = require('../holders');
const { collectIfDue } = require('../values');
const { Sort, referenceType } = require('../references');
const { EXISTING } = require('./memory');
const { globalType } = require('./reflection');
const { ValueType, referenceFrom, referenceTo, anchorOfReference, defaultReference } = require('./value');
const { dictionary, enumeration, required, defineInterface, setPrototype } = require('./webidl');
const {
  asIntN,
  defineProperty,
  fround,
  slice,
  startsWith,
  toBigInt,
  toNumber,
  uncurry,
} = require('../primordials');

/** Where values are copied through. */
const scratch = new Uint8Array(16);
const scratchOf = (View) => new View(scratch.buffer);
const clear = uncurry(Uint8Array.prototype.fill);

/** How a scalar is read from and written to a global's cell. */
const SCALARS = {
  __proto__: null,
  i: { View: Int32Array, copy: scratchOf(Int32Array), from: (value) => value | 0 },
  I: { View: BigInt64Array, copy: scratchOf(BigInt64Array), from: (value) => asIntN(64, value) },
  f: { View: Float32Array, copy: scratchOf(Float32Array), from: (value) => fround(value) },
  F: { View: Float64Array, copy: scratchOf(Float64Array), from: (value) => +value },
};
const REFERENCE = { View: BigUint64Array, copy: scratchOf(BigUint64Array) };

/** Uses after which a global is worth a view of its cell, which Node frees only when the event loop turns. */
const MANY_USES = 16;

class Global {
  #id;
  #type;
  #mutable;
  /** A view of the value, made when it is used often. */
  #cell = null;
  #uses = 0;
  /** Anchors of the instances whose functions the global may hold. */
  #holders = new Holders();

  constructor(descriptor, value) {
    if (descriptor === EXISTING) {
      this.#id = value;
      const type = host.globalType(value);
      this.#mutable = startsWith(type, 'mut ');
      this.#type = this.#mutable ? slice(type, 4) : type;
    } else {
      required(1, arguments.length, 'WebAssembly.Global()');
      this.#create(descriptor, value);
    }
    if (new.target !== Global) setPrototype(this, new.target, Global);
    markAsUncloneable(this);
    host.track(Kind.GLOBAL, this.#id, this);
  }

  /** Reads a GlobalDescriptor, its members in the order of Web IDL, and makes a global. */
  #create(given, value) {
    const what = 'WebAssembly.Global()';
    const descriptor = dictionary(given, `${what}: descriptor`);
    this.#mutable = Boolean(descriptor.mutable);
    const type = descriptor.value;
    if (type === undefined) throw new TypeError(`${what}: value is required`);
    this.#type = enumeration(type, ValueType, `${what}: value`);
    if (this.#type === 'v') throw new TypeError(`${what}: v128 has no JavaScript values`);
    const converted = value === undefined ? undefined : this.#convert(value);
    collectIfDue();
    this.#id = host.newGlobal(this.#type, this.#mutable);
    if (converted !== undefined) this.#store(converted);
    else if (this.#type === 'e') this.#store(defaultReference('e'));
  }

  /** https://webassembly.github.io/spec/js-api/#towebassemblyvalue */
  #convert(value) {
    const scalar = SCALARS[this.#type];
    if (scalar) return scalar.from(value);
    const reference = referenceFrom(this.#type, value);
    const owner = anchorOfReference(value);
    if (owner) this.#holders.add(owner);
    return reference;
  }

  /** Whether there is a view of the value by now. */
  #isViewed(View) {
    if (this.#cell === null && ++this.#uses > MANY_USES) this.#cell = new View(host.globalCell(this.#id));
    return this.#cell !== null;
  }

  #load() {
    const { View, copy } = SCALARS[this.#type] ?? REFERENCE;
    if (this.#isViewed(View)) return this.#cell[0];
    host.readGlobal(this.#id, scratch);
    return copy[0];
  }

  #store(converted) {
    const { View, copy } = SCALARS[this.#type] ?? REFERENCE;
    const value = View === REFERENCE.View ? toBigInt(converted) : converted;
    if (this.#isViewed(View)) {
      this.#cell[0] = value;
      return;
    }
    clear(scratch, 0);
    copy[0] = value;
    host.writeGlobal(this.#id, scratch);
  }

  /** https://webassembly.github.io/spec/js-api/#getglobalvalue */
  #get() {
    if (this.#type === 'v') throw new TypeError('WebAssembly.Global.value: v128 has no JavaScript values');
    const raw = this.#load();
    return SCALARS[this.#type] ? raw : referenceTo(this.#type, toNumber(raw));
  }

  /** https://webassembly.github.io/spec/js-api/#dom-global-value */
  get value() {
    return this.#get();
  }

  set value(value) {
    required(1, arguments.length, 'WebAssembly.Global.value');
    if (this.#type === 'v') throw new TypeError('WebAssembly.Global.value: v128 has no JavaScript values');
    if (!this.#mutable) throw new TypeError('WebAssembly.Global.value: an immutable global cannot be set');
    this.#store(this.#convert(value));
  }

  /** https://webassembly.github.io/spec/js-api/#dom-global-valueof */
  valueOf() {
    return this.#get();
  }

  /** https://github.com/WebAssembly/js-types */
  type() {
    return globalType(`${this.#mutable ? 'mut ' : ''}${this.#type}`);
  }

  /** An immutable global of any type that JavaScript has values of; undefined if the value is none of them. */
  static of(type, value) {
    if (type === 'v' || startsWith(type, 'mut ') || (!SCALARS[type] && referenceType(type).sort === Sort.EXN))
      return undefined;
    const global = new Global(EXISTING, host.newGlobal(type, false));
    try {
      global.#store(global.#convert(value));
    } catch {
      // A reference of another type; scalars were checked.
      return undefined;
    }
    return global;
  }

  static has(value) {
    return #id in value;
  }

  static id(global) {
    return global.#id;
  }

  static holders(global) {
    return global.#holders;
  }
}

const { has, id: idOfGlobal, holders: holdersOfGlobal, of: globalOf } = Global;
delete Global.of;
delete Global.has;
delete Global.id;
delete Global.holders;
defineProperty(Global, 'length', { value: 1, configurable: true });
defineInterface(Global, 'Global');

/** https://webassembly.github.io/spec/js-api/#create-a-global-object */
function globalObject(id) {
  return host.object(Kind.GLOBAL, id) ?? new Global(EXISTING, id);
}

const isGlobal = (value) => typeof value === 'object' && value !== null && has(value);

module.exports = { Global, isGlobal, idOfGlobal, holdersOfGlobal, globalObject, globalOf };
