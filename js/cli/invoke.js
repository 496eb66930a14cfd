'use strict';
// Arguments of a command line as WebAssembly values.

const { infoOfModule } = require('../api/module');
const { UsageError } = require('./arguments');

const INTEGER = /^[-+]?(0x[0-9a-f]+|\d+)$/i;

const CONVERT = {
  i: (text) => Number(integer(text, 32, 'i32')),
  I: (text) => integer(text, 64, 'i64'),
  f: number,
  F: number,
};

/** The values for a call of an exported function. */
function convertArguments(module, name, args) {
  const { exports } = infoOfModule(module);
  const { signature } = exports.find((item) => item.name === name);
  const params = [...signature.split(':')[0]];
  if (args.length !== params.length) {
    throw new UsageError(`--invoke ${name}: it takes ${params.length} arguments, ${args.length} were given`);
  }
  return params.map((type, i) => {
    if (!Object.hasOwn(CONVERT, type)) {
      throw new UsageError(`--invoke ${name}: argument ${i + 1} is not of a numeric type`);
    }
    return CONVERT[type](args[i]);
  });
}

function integer(text, bits, type) {
  if (!INTEGER.test(text)) throw new UsageError(`"${text}" is not an integer`);
  const digits = BigInt(text.replace(/^[-+]/, ''));
  const value = text.startsWith('-') ? -digits : digits;
  if (value < -(2n ** BigInt(bits - 1)) || value >= 2n ** BigInt(bits)) {
    throw new UsageError(`${text} is outside the range of ${type}`);
  }
  return value;
}

function number(text) {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isNaN(value) && !/^nan$/i.test(text)) throw new UsageError(`"${text}" is not a number`);
  return value;
}

module.exports = { convertArguments };
