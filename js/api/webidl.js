'use strict';
// Conversions of Web IDL and of the JS API, and the shape that Web IDL gives to interfaces.
// https://webidl.spec.whatwg.org/#js-type-mapping

const { isAnyArrayBuffer } = require('node:util').types;

/** [EnforceRange] unsigned long */
function unsignedLong(value, what) {
  const number = +value;
  const integer = Math.trunc(number);
  if (!Number.isFinite(number) || integer < 0 || integer > 0xffffffff) {
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
  return Number(integer);
}

/** The abstract operation ToBigInt: unlike the function `BigInt`, it does not take numbers. */
function toBigInt(value) {
  const primitive = isObject(value) ? toNumericPrimitive(value) : value;
  if (typeof primitive === 'number') throw new TypeError(`Cannot convert ${primitive} to a BigInt`);
  return BigInt(primitive);
}

/** ToPrimitive with the hint "number", which the addition of a string does not give: see Date. */
function toNumericPrimitive(object) {
  const exotic = object[Symbol.toPrimitive];
  if (exotic !== undefined && exotic !== null) {
    const primitive = Reflect.apply(exotic, object, ['number']);
    if (isObject(primitive)) throw new TypeError('Cannot convert object to primitive value');
    return primitive;
  }
  for (const method of ['valueOf', 'toString']) {
    if (typeof object[method] !== 'function') continue;
    const primitive = object[method]();
    if (!isObject(primitive)) return primitive;
  }
  throw new TypeError('Cannot convert object to primitive value');
}

/** The reverse of `addressValue`. */
const addressOf = (number, is64) => (is64 ? BigInt(number) : number);

/** AddressType */
const AddressType = { i32: false, i64: true };

/** A dictionary: undefined and null are empty. */
function dictionary(value, what) {
  if (value === undefined || value === null) return {};
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
  if (!Object.hasOwn(allowed, string)) {
    throw new TypeError(`${what} must be one of ${Object.keys(allowed).join(', ')}, not "${string}"`);
  }
  return allowed[string];
}

/** A BufferSource: a view of its bytes. Shared buffers are taken too; detached ones have no bytes. */
function bufferSource(value, what) {
  const isView = ArrayBuffer.isView(value);
  if (!isView && !isAnyArrayBuffer(value))
    throw new TypeError(`${what} must be an ArrayBuffer or a view of one`);
  const buffer = isView ? value.buffer : value;
  if (buffer.byteLength === 0) return new Uint8Array();
  return isView ? new Uint8Array(buffer, value.byteOffset, value.byteLength) : new Uint8Array(buffer);
}

function isObject(value) {
  return typeof value === 'function' || (typeof value === 'object' && value !== null);
}

function describe(value) {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
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
    for (const key of Object.getOwnPropertyNames(target)) {
      const descriptor = Object.getOwnPropertyDescriptor(target, key);
      const own = key === 'prototype' || key === 'name' || key === 'length';
      const builtin = target === constructor ? own : key === 'constructor';
      if (!builtin && descriptor.configurable) Object.defineProperty(target, key, { enumerable: true });
    }
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: `WebAssembly.${name}`, configurable: true });
  return constructor;
}

module.exports = {
  unsignedLong,
  addressValue,
  addressOf,
  AddressType,
  dictionary,
  limits,
  enumeration,
  bufferSource,
  isObject,
  required,
  defineInterface,
};
