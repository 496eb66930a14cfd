'use strict';
// Conversions of Web IDL and of the JS API, and the shape that Web IDL gives to interfaces.
// https://webidl.spec.whatwg.org/#js-type-mapping

const { isAnyArrayBuffer, isArrayBufferView } = require('node:util').types;
const {
  apply,
  uncurry,
  getPrototypeOf,
  setPrototypeOf,
  getOwnPropertyDescriptor,
} = require('../primordials');
const {
  getOwnPropertyNames,
  hasOwn,
  defineProperty,
  join,
  push,
  trunc,
  toNumber,
} = require('../primordials');
const { iterator: iteratorSymbol, toBigInt: bigIntOf, toJson } = require('../primordials');

/** [EnforceRange] unsigned long */
function unsignedLong(value, what) {
  const number = +value;
  const integer = trunc(number);
  // Comparisons are false for NaN.
  if (!(integer >= 0 && integer <= 0xffffffff)) {
    throw new TypeError(`${what} must be an integer from 0 to 4294967295, not ${describe(value)}`);
  }
  return integer + 0;
}

/** https://webassembly.github.io/spec/js-api/#addressvaluetou64: large ones lose digits, but are too large anyway. */
function addressValue(value, is64, what) {
  if (!is64) return unsignedLong(value, what);
  const integer = toBigInt(value);
  if (integer < 0n || integer > 0xffffffffffffffffn) {
    throw new TypeError(`${what} must be an integer from 0 to 18446744073709551615, not ${integer}`);
  }
  return toNumber(integer);
}

const { toPrimitive } = Symbol;

/** The abstract operation ToBigInt: unlike the function `BigInt`, it does not take numbers. */
function toBigInt(value) {
  const primitive = isObject(value) ? toNumericPrimitive(value) : value;
  if (typeof primitive === 'number') throw new TypeError(`Cannot convert ${primitive} to a BigInt`);
  return bigIntOf(primitive);
}

/** ToPrimitive with the hint "number", which the addition of a string does not give: see Date. */
function toNumericPrimitive(object) {
  const exotic = object[toPrimitive];
  if (exotic !== undefined && exotic !== null) {
    const primitive = apply(exotic, object, ['number']);
    if (isObject(primitive)) throw new TypeError('Cannot convert object to primitive value');
    return primitive;
  }
  for (let i = 0; i < 2; i++) {
    const method = object[i === 0 ? 'valueOf' : 'toString'];
    if (typeof method !== 'function') continue;
    const primitive = apply(method, object, []);
    if (!isObject(primitive)) return primitive;
  }
  throw new TypeError('Cannot convert object to primitive value');
}

/** The reverse of `addressValue`. */
const addressOf = (number, is64) => (is64 ? bigIntOf(number) : number);

/** AddressType */
const AddressType = { __proto__: null, i32: false, i64: true };

const EMPTY = { __proto__: null };

/** A dictionary: undefined and null are empty. */
function dictionary(value, what) {
  if (value === undefined || value === null) return EMPTY;
  if (!isObject(value)) throw new TypeError(`${what} must be an object`);
  return value;
}

/**
 * The limits in a descriptor. `minimum`, which types have (https://github.com/WebAssembly/js-types), may stand for `initial`.
 * Members are read in the order of their names.
 */
function limits(descriptor, is64, what) {
  const read = (name) => {
    const value = descriptor[name];
    return value === undefined ? undefined : addressValue(value, is64, `${what}: ${name}`);
  };
  const initial = read('initial');
  const max = read('maximum');
  const minimum = read('minimum');
  if (initial !== undefined && minimum !== undefined) {
    throw new TypeError(`${what}: initial and minimum are the same and cannot both be given`);
  }
  const min = initial ?? minimum;
  if (min === undefined) throw new TypeError(`${what}: initial is required`);
  return { min, max };
}

/** An enumeration. */
function enumeration(value, allowed, what) {
  const string = `${value}`;
  if (!hasOwn(allowed, string)) {
    throw new TypeError(
      `${what} must be one of ${join(getOwnPropertyNames(allowed), ', ')}, not "${string}"`,
    );
  }
  return allowed[string];
}

const getterOf = (prototype, name) => uncurry(getOwnPropertyDescriptor(prototype, name).get);
const TypedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
const typedArray = {
  buffer: getterOf(TypedArrayPrototype, 'buffer'),
  byteOffset: getterOf(TypedArrayPrototype, 'byteOffset'),
  byteLength: getterOf(TypedArrayPrototype, 'byteLength'),
};
const dataView = {
  buffer: getterOf(DataView.prototype, 'buffer'),
  byteOffset: getterOf(DataView.prototype, 'byteOffset'),
  byteLength: getterOf(DataView.prototype, 'byteLength'),
};
const { isDataView, isSharedArrayBuffer } = require('node:util').types;
const lengthOfBuffer = getterOf(ArrayBuffer.prototype, 'byteLength');
const maxLengthOfBuffer = getterOf(ArrayBuffer.prototype, 'maxByteLength');
const lengthOfShared = getterOf(SharedArrayBuffer.prototype, 'byteLength');

function assertBufferSource(value, what) {
  if (!isArrayBufferView(value) && !isAnyArrayBuffer(value)) {
    throw new TypeError(`${what} must be an ArrayBuffer or a view of one`);
  }
}

/**
 * A BufferSource: a view of its bytes, copied if they are shared. Detached buffers have no bytes, nor have views of such, or typed
 * arrays that are out of the bounds of their buffers. A DataView that is out of bounds throws.
 * https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy
 */
function bufferSource(value, what) {
  assertBufferSource(value, what);
  const isView = isArrayBufferView(value);
  const view = isView ? (isDataView(value) ? dataView : typedArray) : null;
  const buffer = view ? view.buffer(value) : value;
  const isShared = isSharedArrayBuffer(buffer);
  const all = isShared ? lengthOfShared(buffer) : lengthOfBuffer(buffer);
  // What was resizable and is detached has no maximal length any more.
  if (all === 0 && (isShared || maxLengthOfBuffer(buffer) === 0)) return new Uint8Array();
  const bytes = new Uint8Array(
    buffer,
    view ? view.byteOffset(value) : 0,
    view ? view.byteLength(value) : all,
  );
  return isShared ? copyOf(bytes) : bytes;
}

const byteLengthOf = typedArray.byteLength;
const setBytes = uncurry(TypedArrayPrototype.set);

function copyOf(bytes) {
  const copy = new Uint8Array(byteLengthOf(bytes));
  setBytes(copy, bytes);
  return copy;
}

/**
 * A sequence: what an iterable gives, converted one after the other.
 * https://webidl.spec.whatwg.org/#js-to-sequence
 */
function sequence(value, convert, what) {
  const method = isObject(value) ? value[iteratorSymbol] : undefined;
  if (method === undefined || method === null) throw new TypeError(what);
  return listFrom(value, method, convert);
}

/** All that an iterator gives. */
function listFrom(iterable, method, convert) {
  const iterator = apply(method, iterable, []);
  if (!isObject(iterator)) throw new TypeError('the result of Symbol.iterator is not an object');
  const { next } = iterator;
  const list = [];
  for (;;) {
    const step = apply(next, iterator, []);
    if (!isObject(step)) throw new TypeError(`an iterator's result is not an object`);
    if (step.done) return list;
    const { value } = step;
    push(list, convert ? convert(value) : value);
  }
}

function isObject(value) {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}

/** `String`, which also takes symbols. */
const text = String;

function describe(value) {
  if (typeof value === 'string') return toJson(value);
  return isObject(value) ? `an ${typeof value}` : text(value);
}

/** Refuses calls with fewer arguments than are required. */
function required(count, given, what) {
  if (given < count)
    throw new TypeError(`${what}: ${count} argument${count > 1 ? 's' : ''} required, got ${given}`);
}

/** Members of interfaces are enumerable, and prototypes have a tag. */
function defineInterface(constructor, name) {
  const { prototype } = constructor;
  for (const target of [prototype, constructor]) {
    for (const key of getOwnPropertyNames(target)) {
      const descriptor = getOwnPropertyDescriptor(target, key);
      const own = key === 'prototype' || key === 'name' || key === 'length';
      const builtin = target === constructor ? own : key === 'constructor';
      if (!builtin && descriptor.configurable) defineProperty(target, key, { enumerable: true });
    }
  }
  defineProperty(prototype, Symbol.toStringTag, { value: `WebAssembly.${name}`, configurable: true });
  return constructor;
}

/**
 * The prototype that Web IDL asks for, for the object that a constructor was given: the object has that of `new.target`, which
 * must not be asked for again, unless it is no object. V8 takes the Object.prototype of some realm then, where that of the interface is meant.
 * https://webidl.spec.whatwg.org/#internally-create-a-new-object-implementing-the-interface
 */
function prototypeFor(object, target, constructor) {
  const prototype = getPrototypeOf(object);
  const isDefault = getPrototypeOf(prototype) === null && !isObject(target.prototype);
  return isDefault ? constructor.prototype : prototype;
}

function setPrototype(object, target, constructor) {
  const prototype = prototypeFor(object, target, constructor);
  if (prototype !== getPrototypeOf(object)) setPrototypeOf(object, prototype);
}

const isInstance = Function.prototype[Symbol.hasInstance];

/** `instanceof` for objects that another thread has sent: they have the prototype of Node's own class until they are used. */
function defineInstanceCheck(constructor, adopts) {
  const { check } = {
    check(value) {
      if (isObject(value)) adopts(value);
      return apply(isInstance, this, [value]);
    },
  };
  defineProperty(constructor, Symbol.hasInstance, { value: check, configurable: true });
}

module.exports = {
  prototypeFor,
  setPrototype,
  defineInstanceCheck,
  unsignedLong,
  addressValue,
  addressOf,
  AddressType,
  dictionary,
  limits,
  enumeration,
  assertBufferSource,
  bufferSource,
  byteLengthOf,
  sequence,
  listFrom,
  isObject,
  required,
  defineInterface,
};
