'use strict';
// Types as JavaScript objects. https://github.com/WebAssembly/js-types

const { host } = require('../binding');
const { typesIn } = require('../source');
const { mapArray, slice, split, startsWith } = require('../primordials');
const { addressOf } = require('./webidl');

const NAMES = {
  __proto__: null,
  i: 'i32',
  I: 'i64',
  f: 'f32',
  F: 'f64',
  v: 'v128',
  e: 'externref',
  p: 'funcref',
};

/** The name of a value type. */
function typeName(type) {
  if (type in NAMES) return NAMES[type];
  const quoted = slice(type, 2, -1);
  const heap = startsWith(quoted, 'func ') ? slice(quoted, 5) : quoted;
  return type[0] === 'r' ? `(ref null ${heap})` : `(ref ${heap})`;
}

/** A FunctionType. */
function functionType(signature) {
  const halves = split(signature, ':');
  const namesIn = (types) => mapArray(typesIn(types), typeName);
  return { parameters: namesIn(halves[0]), results: namesIn(halves[1]) };
}

/** A GlobalType, of `mut i` or `i`. */
function globalType(type) {
  const mutable = startsWith(type, 'mut ');
  return { mutable, value: typeName(mutable ? slice(type, 4) : type) };
}

/** Limits, as members of a type: `maximum` and `address` only where there is something to say. */
function limits({ is64, minimum, maximum }) {
  return {
    minimum: addressOf(minimum, is64),
    ...(maximum === null || maximum === undefined ? {} : { maximum: addressOf(maximum, is64) }),
    ...(is64 ? { address: 'i64' } : {}),
  };
}

/** A TableType, with its present size. */
function tableType(id) {
  const known = host.tableLimits(id);
  const is64 = known[0];
  const minimum = known[1];
  const maximum = known[2];
  return { element: typeName(host.tableElementType(id)), ...limits({ is64, minimum, maximum }) };
}

/** A MemoryType, with its present size. */
function memoryType(id) {
  const known = host.memoryLimits(id);
  const is64 = known[0];
  const minimum = known[1];
  const maximum = known[2];
  const shared = known[3];
  return { ...limits({ is64, minimum, maximum }), shared };
}

module.exports = { typeName, functionType, globalType, tableType, memoryType };
