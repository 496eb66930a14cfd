'use strict';
// References between JavaScript and wasm, for the types that src/describe.rs writes.
// https://webassembly.github.io/spec/js-api/#tojsvalue, https://webassembly.github.io/spec/js-api/#towebassemblyvalue

const { host } = require('./binding');
const { isExportedFunction, addressOf, anchorOfFunction } = require('./identity');
const { exportedObject, isHeapObject, addressOfObject, anchorOfObject } = require('./objects');
const { includes, is, push, slice, startsWith, SafeMap } = require('./primordials');
const { handleOf, valueOf } = require('./values');

const HIGH = 0x100000000;
/** See crates/abi/src/object.rs. */
const I31_TAG = 2;
const MAX_I31 = 2 ** 30;

/** Sorts of references, by what JavaScript has to do. */
const Sort = { FUNC: 0, ANY: 1, EXN: 2 };

/** What is to be known of a reference type. */
function describeReference(type) {
  if (type === 'p') return { sort: Sort.FUNC, nullable: true, type, heap: 'func', any: true };
  if (type === 'e') return { sort: Sort.ANY, nullable: true, type, heap: 'extern', any: true };
  const heap = slice(type, 2, -1);
  const nullable = type[0] === 'r';
  let sort = Sort.ANY;
  if (heap === 'exn' || heap === 'noexn') sort = Sort.EXN;
  else if (startsWith(heap, 'func') || heap === 'nofunc') sort = Sort.FUNC;
  // Whether every value of the hierarchy will do.
  const any = heap === 'func' || heap === 'extern' || heap === 'any';
  return { sort, nullable, type, heap, any };
}

const described = new SafeMap();

/** As `describeReference`, once for each type. */
function referenceType(type) {
  let known = described.get(type);
  if (!known) described.set(type, (known = describeReference(type)));
  return known;
}

const typeName = ({ type, nullable, heap }) =>
  type === 'e' || type === 'p'
    ? `${heap}ref`
    : `(ref ${nullable ? 'null ' : ''}${startsWith(heap, 'func ') ? slice(heap, 5) : heap})`;

function mismatch(wanted) {
  return new TypeError(`WebAssembly: the value is not a ${typeName(wanted)}`);
}

function isI31(value) {
  return (value | 0) === value && value >= -MAX_I31 && value < MAX_I31 && !is(value, -0);
}

/** The bits of a function, which the instance of `anchor` may keep from here on. */
function functionBits(value, wanted, anchor) {
  if (value === null && wanted.nullable) return 0;
  if (!isExportedFunction(value)) {
    throw wanted.nullable && wanted.any
      ? new TypeError('WebAssembly: a funcref must be null or a WebAssembly exported function')
      : mismatch(wanted);
  }
  const address = addressOf(value);
  if (!wanted.any && !host.functionIs(address, wanted.type)) throw mismatch(wanted);
  keep(anchor, anchorOfFunction(value));
  return address;
}

/** Has the instance of `anchor` keep what it is given. */
function keep(anchor, owner) {
  if (anchor && owner && owner !== anchor && !includes(anchor.refs, owner)) push(anchor.refs, owner);
}

/** Throws unless a value is one of a type of the hierarchies `any` and `extern`. */
function checkReference(value, wanted, anchor) {
  if (value === null) {
    if (!wanted.nullable) throw mismatch(wanted);
    return;
  }
  if (isHeapObject(value)) keep(anchor, anchorOfObject(value));
  if (wanted.any) return;
  const plain = typeof value === 'number' && isI31(value) ? i31Bits(value) : undefined;
  const bits = plain ?? (isHeapObject(value) ? addressOfObject(value) : undefined);
  if (bits === undefined || !host.referenceIs(bits, wanted.type)) throw mismatch(wanted);
}

const i31Bits = (value) => (value & 0x7fffffff) * 4 + I31_TAG;

/** The bits of a checked value. What it makes a handle of must have been reserved. */
function bitsOf(value) {
  if (typeof value === 'number') return isI31(value) ? i31Bits(value) : handleOf(value);
  if (typeof value === 'object' && isHeapObject(value)) return addressOfObject(value);
  return handleOf(value);
}

/** The value for bits of the hierarchies `any` and `extern`. */
function valueAt(low, high, anchor) {
  if ((low & 1) !== 0 || (low | high) === 0) return valueOf(low);
  if ((low & 3) === I31_TAG) return (((high << 30) | (low >>> 2)) << 1) >> 1;
  return exportedObject((low >>> 0) + high * HIGH, anchor);
}

function noValues() {
  throw new TypeError('WebAssembly: a reference to an exception has no JavaScript value');
}

module.exports = {
  Sort,
  referenceType,
  functionBits,
  checkReference,
  bitsOf,
  valueAt,
  noValues,
  lowOf: (bits) => bits | 0,
  highOf: (bits) => (bits / HIGH) | 0,
};
