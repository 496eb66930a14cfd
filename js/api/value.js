'use strict';
// Values in tables and globals: between JavaScript and the letters of types (src/describe.rs).

const { isExportedFunction, anchorOfFunction } = require('../identity');
const { functionAt } = require('../functions');
const { isHeapObject, anchorOfObject } = require('../objects');
const references = require('../references');
const { UNDEFINED, reserve } = require('../values');

const { Sort, referenceType, functionBits, checkReference, bitsOf, valueAt, noValues, lowOf, highOf } =
  references;

/** The value types of the JS API. https://webassembly.github.io/spec/js-api/#globals */
const ValueType = {
  __proto__: null,
  i32: 'i',
  i64: 'I',
  f32: 'f',
  f64: 'F',
  v128: 'v',
  externref: 'e',
  anyfunc: 'p',
  funcref: 'p',
};
/** https://webassembly.github.io/spec/js-api/#tables */
const TableKind = { __proto__: null, externref: 'e', anyfunc: 'p', funcref: 'p' };

/** The number that stands for a reference. */
function referenceFrom(type, value) {
  const wanted = referenceType(type);
  if (wanted.sort === Sort.FUNC) return functionBits(value, wanted, null);
  if (wanted.sort === Sort.EXN) return noValues();
  checkReference(value, wanted, null);
  reserve(1);
  return bitsOf(value);
}

/** The reference that a number stands for. */
function referenceTo(type, number) {
  const { sort } = referenceType(type);
  if (sort === Sort.FUNC) return functionAt(number);
  if (sort === Sort.EXN) return noValues();
  return valueAt(lowOf(number), highOf(number), null);
}

/** The anchor of the instance that a reference belongs to, if any. */
function anchorOfReference(value) {
  if (isExportedFunction(value)) return anchorOfFunction(value);
  return isHeapObject(value) ? anchorOfObject(value) : null;
}

/** What a table or global has when no value is given. https://webassembly.github.io/spec/js-api/#defaultvalue */
function defaultReference(type) {
  if (!referenceType(type).nullable) {
    throw new TypeError('WebAssembly: a value is required, because the type has no null');
  }
  return type === 'e' ? UNDEFINED : 0;
}

module.exports = { ValueType, TableKind, referenceFrom, referenceTo, anchorOfReference, defaultReference };
