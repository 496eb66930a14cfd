'use strict';
// The error classes of the JS API, and errors that have wasm frames in their stacks.
// https://webassembly.github.io/spec/js-api/#error-objects

const { host } = require('./binding');

/** A class like the NativeErrors of ECMAScript: callable without `new`, its prototype has name and message. */
function errorClass(name) {
  const constructor = function (message, options) {
    const args = message === undefined ? [] : [message];
    if (options !== undefined) args[1] = options;
    const error = Reflect.construct(Error, args, new.target ?? constructor);
    Error.captureStackTrace(error, constructor);
    return error;
  };
  const prototype = Object.create(Error.prototype);
  const hidden = (object, properties) => {
    for (const [key, value] of Object.entries(properties)) {
      Object.defineProperty(object, key, { value, writable: true, enumerable: false, configurable: true });
    }
  };
  hidden(prototype, { constructor, name, message: '' });
  Object.setPrototypeOf(constructor, Error);
  Object.defineProperties(constructor, {
    prototype: { value: prototype, writable: false },
    name: { value: name },
    length: { value: 1 },
  });
  return constructor;
}

const CompileError = errorClass('CompileError');
const LinkError = errorClass('LinkError');
const RuntimeError = errorClass('RuntimeError');
const SuspendError = errorClass('SuspendError');

/** Codes of traps (crates/abi/src/trap.rs) in the words that Node's own engine uses, which programs look for. */
const TRAP_MESSAGES = {
  1: 'unreachable',
  3: 'memory access out of bounds',
  4: 'table index is out of bounds',
  5: 'table index is out of bounds',
  6: 'null function or function signature mismatch',
  7: 'null function or function signature mismatch',
  8: 'divide result unrepresentable',
  9: 'divide by zero',
  10: 'float unrepresentable in integer range',
  12: 'dereferencing a null pointer',
  13: 'illegal cast',
  14: 'array element access out of bounds',
  15: 'requested new array is too large',
  16: 'dereferencing a null pointer',
  17: 'dereferencing a null pointer',
  18: 'dereferencing a null pointer',
  19: 'dereferencing a null pointer',
};
const STACK_OVERFLOW = 2;

/** Errors that wasm does not catch when they pass through it again. */
const uncatchable = new WeakSet();

function trapError(code) {
  if (code === STACK_OVERFLOW) return new RangeError('Maximum call stack size exceeded');
  const error = new RuntimeError(TRAP_MESSAGES[code] ?? host.trapMessage(code));
  uncatchable.add(error);
  return error;
}

/** Whether a value is the error of a trap. */
const isTrap = (value) => typeof value === 'object' && value !== null && uncatchable.has(value);

/** The error of a trap in what the host provides. */
function trapFrom(message) {
  const error = new RuntimeError(message);
  uncatchable.add(error);
  return error;
}

/** A line of a stack trace in V8's format. */
function frameLine({ module, func, name, offset }) {
  const place = `wasm://wasm/${module ?? 'module'}:wasm-function[${func}]:0x${(offset ?? 0).toString(16)}`;
  return name ? `    at ${name} (${place})` : `    at ${place}`;
}

/**
 * The error for a call that trapped.
 * @param {{ code: number, frames: object[] }} trap
 * @param {Function} below the function whose frame, and those above it, the stack does not show
 */
function errorOfTrap({ code, frames }, below) {
  const error = trapError(code);
  Error.captureStackTrace(error, below);
  const { stack } = error;
  if (frames.length > 0 && typeof stack === 'string') {
    const headEnd = stack.indexOf('\n    at ');
    const [head, tail] = headEnd < 0 ? [stack, ''] : [stack.slice(0, headEnd), stack.slice(headEnd)];
    const value = `${head}\n${frames.map(frameLine).join('\n')}${tail}`;
    Object.defineProperty(error, 'stack', { value, writable: true, enumerable: false, configurable: true });
  }
  return error;
}

module.exports = {
  CompileError,
  LinkError,
  RuntimeError,
  SuspendError,
  trapError,
  errorOfTrap,
  trapFrom,
  isTrap,
};
