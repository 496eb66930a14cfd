'use strict';
// Types as JavaScript objects. https://github.com/WebAssembly/js-types

const { host } = require('../binding');
const { typesIn } = require('../signature');
const { addressOf } = require('./webidl');

const NAMES = { i: 'i32', I: 'i64', f: 'f32', F: 'f64', v: 'v128', e: 'externref', p: 'funcref' };

/** The name of a value type. */
function typeName(type) {
  if (type in NAMES) return NAMES[type];
  const heap = type.slice(2, -1).replace('func ', '');
  return type[0] === 'r' ? `(ref null ${heap})` : `(ref ${heap})`;
}

/** A FunctionType. */
function functionType(signature) {
  const [parameters, results] = signature.split(':').map((types) => typesIn(types).map(typeName));
  return { parameters, results };
}

/** A GlobalType, of `mut i` or `i`. */
function globalType(type) {
  return { mutable: type.startsWith('mut '), value: typeName(type.replace('mut ', '')) };
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
  const [is64, minimum, maximum] = host.tableLimits(id);
  return { element: typeName(host.tableElementType(id)), ...limits({ is64, minimum, maximum }) };
}

/** A MemoryType, with its present size. */
function memoryType(id) {
  const [is64, minimum, maximum, shared] = host.memoryLimits(id);
  return { ...limits({ is64, minimum, maximum }), shared };
}

module.exports = { typeName, functionType, globalType, tableType, memoryType };
