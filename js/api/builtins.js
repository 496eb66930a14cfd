'use strict';
// Imports that the host provides when compile options ask for it: functions on strings, and strings that are constants.
// https://webassembly.github.io/spec/js-api/#webassemblycompileoptions, https://webassembly.github.io/spec/js-api/#js-string

const { host } = require('../binding');
const { CompileError, trapFrom } = require('../errors');
const { addressOfObject } = require('../objects');
const { dictionary, isObject } = require('./webidl');

const PREFIX = 'wasm:';

function unwrapString(value) {
  if (typeof value !== 'string') throw trapFrom('illegal cast');
  return value;
}

function unwrapArray(value) {
  if (value === null) throw trapFrom('dereferencing a null pointer');
  return addressOfObject(value);
}

/** By name: the signature, with A for a mutable array of i16, and the function. */
const JS_STRING = {
  cast: ['e:R{extern}', unwrapString],
  test: ['e:i', (value) => (typeof value === 'string' ? 1 : 0)],
  fromCharCodeArray: [
    'Aii:R{extern}',
    (array, start, end) => {
      const string = host.stringOfArray(unwrapArray(array), start >>> 0, end >>> 0);
      if (string === null) throw trapFrom('array element access out of bounds');
      return string;
    },
  ],
  intoCharCodeArray: [
    'eAi:i',
    (value, array, start) => {
      const string = unwrapString(value);
      if (!host.stringToArray(unwrapArray(array), start >>> 0, string)) {
        throw trapFrom('array element access out of bounds');
      }
      return string.length;
    },
  ],
  fromCharCode: ['i:R{extern}', (code) => String.fromCharCode(code)],
  fromCodePoint: [
    'i:R{extern}',
    (code) => {
      if (code >>> 0 > 0x10ffff) throw trapFrom('invalid code point');
      return String.fromCodePoint(code);
    },
  ],
  charCodeAt: [
    'ei:i',
    (value, index) => {
      const string = unwrapString(value);
      if (index >>> 0 >= string.length) throw trapFrom('string offset out of bounds');
      return string.charCodeAt(index);
    },
  ],
  codePointAt: [
    'ei:i',
    (value, index) => {
      const string = unwrapString(value);
      if (index >>> 0 >= string.length) throw trapFrom('string offset out of bounds');
      return string.codePointAt(index);
    },
  ],
  length: ['e:i', (value) => unwrapString(value).length],
  concat: ['ee:R{extern}', (a, b) => unwrapString(a) + unwrapString(b)],
  substring: [
    'eii:R{extern}',
    (value, start, end) => {
      const string = unwrapString(value);
      const [from, to] = [start >>> 0, end >>> 0];
      return from > to || from > string.length ? '' : string.substring(from, to);
    },
  ],
  equals: [
    'ee:i',
    (a, b) => {
      if (a !== null) unwrapString(a);
      if (b !== null) unwrapString(b);
      return a === b ? 1 : 0;
    },
  ],
  compare: [
    'ee:i',
    (a, b) => {
      const [left, right] = [unwrapString(a), unwrapString(b)];
      if (left === right) return 0;
      return left < right ? -1 : 1;
    },
  ],
};

const SETS = { 'js-string': JS_STRING };

/** Reads a WebAssemblyCompileOptions; undefined if it asks for nothing. */
function readCompileOptions(value, what) {
  if (value === undefined) return undefined;
  const options = dictionary(value, `${what}: options`);
  const { builtins, importedStringConstants } = options;
  const names = builtins === undefined ? [] : readNames(builtins, `${what}: builtins`);
  const constants =
    importedStringConstants === undefined || importedStringConstants === null
      ? undefined
      : `${importedStringConstants}`;
  return names.length > 0 || constants !== undefined ? { names, constants } : undefined;
}

function readNames(list, what) {
  if (!isObject(list) || typeof list[Symbol.iterator] !== 'function') {
    throw new TypeError(`${what} must be an iterable of names`);
  }
  return Array.from(list, (name) => `${name}`);
}

/**
 * Finds the imports that the host provides, and checks their types.
 * https://webassembly.github.io/spec/js-api/#validate-builtins-and-imported-string-for-a-webassembly-module
 */
function resolveBuiltins(imports, { names, constants }, what) {
  if (new Set(names).size < names.length) throw new CompileError(`${what}: a builtin set is named twice`);
  for (const wanted of imports) {
    if (constants !== undefined && wanted.module === constants) {
      if (wanted.kind !== 'global' || !['e', 'R{extern}'].includes(wanted.signature)) {
        throw new CompileError(
          `${what}: "${wanted.module}" ${JSON.stringify(wanted.name)} must be an immutable global of externref`,
        );
      }
      wanted.constant = true;
      continue;
    }
    const set = names.find((name) => wanted.module === PREFIX + name);
    const builtin = set !== undefined && Object.hasOwn(SETS, set) && own(SETS[set], wanted.name);
    if (!builtin) continue;
    const [signature, func] = builtin;
    const expected = signature.replace('A', () => `r{${host.charCodeArrayType()}}`);
    if (wanted.kind !== 'function' || wanted.signature !== expected) {
      throw new CompileError(`${what}: the builtin "${wanted.module}" "${wanted.name}" has another type`);
    }
    wanted.builtin = func;
  }
}

const own = (object, key) => (Object.hasOwn(object, key) ? object[key] : undefined);

module.exports = { readCompileOptions, resolveBuiltins };
