'use strict';
// Errors with the codes and words that Node.js has for wrong arguments.

const { inspect, getSystemErrorName } = require('node:util');

function withCode(Class, code, message) {
  return Object.defineProperty(new Class(message), 'code', { value: code, enumerable: true, writable: true });
}

function received(value) {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === 'function') return `Received function ${value.name}`;
  if (typeof value === 'object' && value.constructor?.name) {
    return `Received an instance of ${value.constructor.name}`;
  }
  const text = inspect(value, { colors: false });
  return `Received type ${typeof value} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`;
}

function invalidType(name, expected, value) {
  const kind = name.includes('.') ? 'property' : 'argument';
  const message = `The "${name}" ${kind} must be ${expected}. ${received(value)}`;
  return withCode(TypeError, 'ERR_INVALID_ARG_TYPE', message);
}

function invalidValue(name, value, reason) {
  const kind = name.includes('.') ? 'property' : 'argument';
  const message = `The ${kind} '${name}' ${reason}. Received ${inspect(value)}`;
  return withCode(TypeError, 'ERR_INVALID_ARG_VALUE', message);
}

const outOfRange = (name, range, value) =>
  withCode(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. Received ${value}`,
  );

const alreadyStarted = () => withCode(Error, 'ERR_WASI_ALREADY_STARTED', 'WASI instance has already started');
const notStarted = () => withCode(Error, 'ERR_WASI_NOT_STARTED', 'wasi.start() has not been called');

/** What the operating system refused. */
function systemError({ errno, message }) {
  const code = getSystemErrorName(-errno);
  return Object.assign(withCode(Error, code, `WASI: ${message}: ${code}`), { errno: -errno });
}

function validateObject(value, name) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType(name, 'of type object', value);
  }
}

function validateOfType(value, type, name) {
  if (typeof value !== type) throw invalidType(name, `of type ${type}`, value);
}

module.exports = {
  ...{ invalidType, invalidValue, outOfRange, alreadyStarted, notStarted, systemError },
  ...{ validateObject, validateOfType },
};
