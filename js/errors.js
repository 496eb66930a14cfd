'use strict';
// The error classes of the JS API, and errors that have wasm frames in their stacks.
// https://webassembly.github.io/spec/js-api/#error-objects

const { host } = require('./binding');
const { prototypeFor } = require('./api/webidl');
const { construct, getPrototypeOf, setPrototypeOf } = require('./primordials');
const { framesAt, isHooked, markTrap, readTrap, setTrace } = require('./stack');
const { raiseLimit, restoreLimit, writeStack } = require('./stack');

const BaseError = Error;
const NativeRangeError = RangeError;

/** A class like the NativeErrors of ECMAScript: callable without `new`, its prototype has name and message. */
function errorClass(name) {
  const constructor = function (message, options) {
    // V8 leaves out the frames down to that of what `new` was applied to.
    const args = options === undefined ? (message === undefined ? [] : [message]) : [message, options];
    const target = new.target ?? constructor;
    const error = construct(BaseError, args, target);
    if (target !== constructor) {
      // V8 takes the Error.prototype of some realm where the target has no prototype.
      const prototype = prototypeFor(this, target, constructor);
      if (getPrototypeOf(error) !== prototype) setPrototypeOf(error, prototype);
    }
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
  __proto__: null,
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
  20: 'operation does not support unaligned accesses',
  21: 'Atomics.wait cannot be called in this context',
  23: 'remainder by zero',
  24: 'float unrepresentable in integer range',
};
const STACK_OVERFLOW = 2;
const OVERFLOW_MESSAGE = 'Maximum call stack size exceeded';

function trapError(code) {
  if (code === STACK_OVERFLOW) return new NativeRangeError(OVERFLOW_MESSAGE);
  return trapFrom(TRAP_MESSAGES[code] ?? host.trapMessage(code));
}

/** The error of a trap in what the host provides. */
function trapFrom(message) {
  const error = new RuntimeError(message);
  markTrap(error);
  return error;
}

/**
 * The error for a call that trapped, whose description is in the slots of the mailbox.
 * @param {Function} below the function whose frame, and those above it, the stack does not show
 */
function errorOfTrap(code, anchor, below) {
  const isOverflow = code === STACK_OVERFLOW;
  const message = isOverflow ? OVERFLOW_MESSAGE : (TRAP_MESSAGES[code] ?? host.trapMessage(code));
  const trace = readTrap(!isOverflow, anchor);
  const limit = raiseLimit(trace);
  let error;
  try {
    // The class comes afterwards: each frame on the way to V8 takes a microsecond.
    error = isOverflow ? new NativeRangeError(message) : new BaseError(message);
  } finally {
    restoreLimit(limit);
  }
  if (!isOverflow) setPrototypeOf(error, RuntimeError.prototype);
  setTrace(error, trace);
  if (!isHooked) writeStack(error, trace.groups.length > 0 ? framesAt(trace.groups[0]) : [], below);
  return error;
}

/** The error for a trap on a thread that is not JavaScript's. */
function errorOfThread({ code, frames }, below) {
  const error = trapError(code);
  writeStack(error, frames, below);
  return error;
}

module.exports = {
  CompileError,
  LinkError,
  RuntimeError,
  SuspendError,
  trapError,
  errorOfTrap,
  errorOfThread,
  trapFrom,
};
