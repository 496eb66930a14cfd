'use strict';
// Imports that the host provides when compile options ask for it: functions on strings, and strings that are constants.
// https://webassembly.github.io/spec/js-api/#webassemblycompileoptions, https://webassembly.github.io/spec/js-api/#js-string

const { host } = require('../binding');
const { CompileError, trapFrom } = require('../errors');
const { addressOfObject } = require('../objects');
const { indexOf, toJson, toWellFormed, uncurry } = require('../primordials');
const { dictionary, sequence } = require('./webidl');

const { fromCharCode, fromCodePoint } = String;
const charCodeAt = uncurry(String.prototype.charCodeAt);
const codePointAt = uncurry(String.prototype.codePointAt);
const substring = uncurry(String.prototype.substring);

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
  __proto__: null,
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
  fromCharCode: ['i:R{extern}', (code) => fromCharCode(code)],
  fromCodePoint: [
    'i:R{extern}',
    (code) => {
      if (code >>> 0 > 0x10ffff) throw trapFrom('invalid code point');
      return fromCodePoint(code >>> 0);
    },
  ],
  charCodeAt: [
    'ei:i',
    (value, index) => {
      const string = unwrapString(value);
      if (index >>> 0 >= string.length) throw trapFrom('string offset out of bounds');
      return charCodeAt(string, index >>> 0);
    },
  ],
  codePointAt: [
    'ei:i',
    (value, index) => {
      const string = unwrapString(value);
      if (index >>> 0 >= string.length) throw trapFrom('string offset out of bounds');
      return codePointAt(string, index >>> 0);
    },
  ],
  length: ['e:i', (value) => unwrapString(value).length],
  concat: ['ee:R{extern}', (a, b) => unwrapString(a) + unwrapString(b)],
  substring: [
    'eii:R{extern}',
    (value, start, end) => {
      const string = unwrapString(value);
      const from = start >>> 0;
      const to = end >>> 0;
      return from > to || from > string.length ? '' : substring(string, from, to);
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
      const left = unwrapString(a);
      const right = unwrapString(b);
      if (left === right) return 0;
      return left < right ? -1 : 1;
    },
  ],
};

const SETS = { __proto__: null, 'js-string': JS_STRING };

/** Reads a WebAssemblyCompileOptions; undefined if it asks for nothing. */
function readCompileOptions(value, what) {
  if (value === undefined) return undefined;
  const options = dictionary(value, `${what}: options`);
  const { builtins, importedStringConstants } = options;
  const names = builtins === undefined ? [] : readNames(builtins, `${what}: builtins`);
  const constants =
    importedStringConstants === undefined || importedStringConstants === null
      ? undefined
      : usvString(importedStringConstants);
  return names.length > 0 || constants !== undefined ? { names, constants } : undefined;
}

function readNames(list, what) {
  return sequence(list, usvString, `${what} must be an iterable of names`);
}

const usvString = (value) => toWellFormed(`${value}`);

/**
 * Finds the imports that the host provides, and checks their types.
 * https://webassembly.github.io/spec/js-api/#validate-builtins-and-imported-string-for-a-webassembly-module
 */
function resolveBuiltins(imports, { names, constants }, what) {
  for (let i = 0; i < names.length; i++) {
    if (indexOf(names, names[i]) !== i) throw new CompileError(`${what}: a builtin set is named twice`);
  }
  for (let i = 0; i < imports.length; i++) {
    const wanted = imports[i];
    if (constants !== undefined && wanted.module === constants) {
      if (wanted.kind !== 'global' || (wanted.signature !== 'e' && wanted.signature !== 'R{extern}')) {
        throw new CompileError(
          `${what}: "${wanted.module}" ${toJson(wanted.name)} must be an immutable global of externref`,
        );
      }
      wanted.constant = true;
      continue;
    }
    const builtin = findBuiltin(wanted, names);
    if (builtin === undefined) continue;
    const expected = typeOfBuiltin(builtin[0]);
    if (wanted.kind !== 'function' || wanted.signature !== expected || !wanted.isPlain) {
      throw new CompileError(`${what}: the builtin "${wanted.module}" "${wanted.name}" has another type`);
    }
    wanted.builtin = builtin[1];
  }
}

/** https://webassembly.github.io/spec/js-api/#find-a-builtin */
function findBuiltin(wanted, names) {
  for (let i = 0; i < names.length; i++) {
    if (wanted.module === PREFIX + names[i] && names[i] in SETS) return SETS[names[i]][wanted.name];
  }
  return undefined;
}

/** With the number of the type of arrays where an `A` stands for it. */
function typeOfBuiltin(signature) {
  let type = '';
  for (let i = 0; i < signature.length; i++) {
    type += signature[i] === 'A' ? `r{${host.charCodeArrayType()}}` : signature[i];
  }
  return type;
}

module.exports = { readCompileOptions, resolveBuiltins };
