'use strict';
// Values in tables and globals: between JavaScript and the letters of types (src/describe.rs).

const { isExportedFunction, addressOf } = require('../identity');
const { functionAt } = require('../functions');
const { UNDEFINED, reserve, handleOf, valueOf } = require('../values');

/** The value types of the JS API. https://webassembly.github.io/spec/js-api/#globals */
const ValueType = { i32: 'i', i64: 'I', f32: 'f', f64: 'F', v128: 'v', externref: 'e', anyfunc: 'p' };
/** https://webassembly.github.io/spec/js-api/#tables */
const TableKind = { externref: 'e', anyfunc: 'p' };

/** The number that stands for a reference. */
function referenceFrom(type, value) {
  if (type === 'e') {
    reserve(1);
    return handleOf(value);
  }
  if (value === null) return 0;
  if (!isExportedFunction(value)) {
    throw new TypeError('WebAssembly: a funcref must be null or a WebAssembly exported function');
  }
  return addressOf(value);
}

/** The reference that a number stands for. */
function referenceTo(type, number) {
  return type === 'e' ? valueOf(number) : functionAt(number);
}

/** What a table or global has when no value is given. */
function defaultReference(type) {
  return type === 'e' ? UNDEFINED : 0;
}

module.exports = { ValueType, TableKind, referenceFrom, referenceTo, defaultReference };
