'use strict';
// Runs calls: wasm runs on a stack of its own until it wants JavaScript; the loop here serves it. See src/enter.rs.

const { host, mailbox } = require('./binding');
const { anchorOf } = require('./anchor');
const { errorOfTrap } = require('./errors');
const { parseJson, SafeWeakMap } = require('./primordials');
const { traceImport } = require('./stack');

const enter = host.entry();

const i32 = new Int32Array(mailbox);
const f64 = new Float64Array(mailbox);
/** Where the slots begin in `f64`. */
const SLOTS = 8;

/** Words of the mailbox's header, as indices of `i32`. */
const Word = { STATUS: 0, OPERATION: 1, DEPTH: 2, INSTANCE: 3, CALLEE: 4, CALLEE_HIGH: 5 };
/** What is to be done, in the low bits; above them the number of calls that are going on. */
const Operation = { START: 0, RETURN: 1, THROW: 2, ANSWER: 3 };
const OPERATION_BITS = 2;
/** Why `enter` returned, in the low bits; for a call of an import, its index is above them. */
const Status = {
  RETURNED: 0,
  CALL: 1,
  INTERRUPTED: 2,
  TRAPPED: 3,
  THREW: 4,
  OUT_OF_MEMORY: 5,
  EXITED: 6,
  LOST: 7,
  ASKED: 8,
  GREW: 16,
};
const STATUS_BITS = 5;
const STATUS_MASK = 31;

/** The halves of thunks of suspending imports: see api/promise.js. */
const suspendingHalves = new SafeWeakMap();

let pending;
let onGrowth;
let onExit;
let onRequest;
let onException;
let exceptionOfError;
let onInterruption;

/** Sets what is called when wasm has grown a memory. It must not use the mailbox. */
function setOnGrowth(callback) {
  onGrowth = callback;
}

/** Sets what is called when wasm wants something for a shared memory: it finds that in the slots, and leaves the answer there. */
function setOnRequest(callback) {
  onRequest = callback;
}

/** Sets what is called when a loop was interrupted; what it throws leaves wasm. It must not use the mailbox. */
function setOnInterruption(callback) {
  onInterruption = callback;
}

/** Sets what makes an error of how native code has ended a program. */
function setOnExit(callback) {
  onExit = callback;
}

/** Sets what makes an error of an exception that wasm has thrown, and an exception of an error. */
function setExceptions({ errorOf, exceptionOf }) {
  onException = errorOf;
  exceptionOfError = exceptionOf;
}

/** What an import has thrown goes on in wasm: as an exception if wasm would catch it, else it leaves wasm as it is. */
function throwInto(error, anchor) {
  traceImport(error, anchor);
  const address = host.wouldCatch() ? exceptionOfError(error) : 0;
  pending = address === 0 ? error : undefined;
  i32[Word.CALLEE] = address;
  i32[Word.CALLEE_HIGH] = address / 0x100000000;
}

const exceptionAddress = () => (i32[Word.CALLEE] >>> 0) + i32[Word.CALLEE_HIGH] * 0x100000000;

/** What `serve` returns for a call that was set aside. */
const SET_ASIDE = -1;

/**
 * Serves the call of an import, and goes on. The path of every call: few accesses to the mailbox, no calls but the two that
 * matter. A function of its own, because what V8 inlines it takes the constants above for constants, even in a loop that it
 * optimises while that runs.
 */
function serve(status, anchor, suspend) {
  const depth = i32[Word.DEPTH] << OPERATION_BITS;
  const instance = i32[Word.INSTANCE];
  const owner = anchor.id === instance ? anchor : anchorOf(instance);
  let operation = Operation.RETURN;
  try {
    const thunk = owner.thunks[status >>> STATUS_BITS];
    const halves = suspend === null ? undefined : suspendingHalves.get(thunk);
    if (halves !== undefined) {
      suspend(halves);
      return SET_ASIDE;
    }
    thunk();
  } catch (error) {
    throwInto(error, anchor);
    operation = Operation.THROW;
  }
  i32[Word.OPERATION] = depth | operation;
  enter();
  return i32[Word.STATUS];
}

/**
 * Goes on after an `enter` whose status is not plainly "returned", until the call has returned or throws. Calls that may be set
 * aside have `suspend(halves)`, which serves the calls of suspending imports and sets the call aside; then this returns false.
 * Stack traces have one frame of this for each call of wasm (js/stack.js).
 */
function run(anchor, suspend) {
  let status = i32[Word.STATUS];
  for (;;) {
    if ((status & STATUS_MASK) === Status.CALL) {
      status = serve(status, anchor, suspend);
    } else if (status === SET_ASIDE) {
      return false;
    } else if (status & Status.GREW) {
      onGrowth();
      status &= ~Status.GREW;
    } else if (status === Status.RETURNED) {
      return true;
    } else if (status === Status.ASKED) {
      const depth = i32[Word.DEPTH] << OPERATION_BITS;
      onRequest();
      i32[Word.OPERATION] = depth | Operation.ANSWER;
      enter();
      status = i32[Word.STATUS];
    } else if (status === Status.INTERRUPTED) {
      goOn();
      status = i32[Word.STATUS];
    } else {
      if (status === Status.TRAPPED) throw errorOfTrap(f64[SLOTS], anchor, run);
      fail(status, anchor);
    }
  }
}

/** Goes on with a call that was set aside, as `run` does, and with an error if there is one. */
function resume(anchor, depth, failure, suspend) {
  if (failure) throwInto(failure.error, anchor);
  i32[Word.OPERATION] = (depth << OPERATION_BITS) | (failure ? Operation.THROW : Operation.RETURN);
  enter();
  return run(anchor, suspend);
}

/** A function of its own: it is at entries to functions that the interpreter looks whether it is to stop. */
function goOn() {
  let operation = Operation.RETURN;
  if (onInterruption !== undefined) {
    try {
      onInterruption();
    } catch (error) {
      pending = error;
      i32[Word.CALLEE] = 0;
      i32[Word.CALLEE_HIGH] = 0;
      operation = Operation.THROW;
    }
  }
  i32[Word.OPERATION] = (i32[Word.DEPTH] << OPERATION_BITS) | operation;
  enter();
}

function takePending() {
  const error = pending;
  pending = undefined;
  return error;
}

function fail(status, anchor) {
  if (status === Status.THREW) {
    const exception = exceptionAddress();
    if (exception !== 0) throw onException(exception, anchor);
    throw takePending();
  }
  if (status === Status.LOST) throw new Error('WebAssembly: the call was given up while it was interrupted');
  if (status === Status.EXITED) {
    const how = parseJson(host.takeExit());
    throw how.reason === 'interrupted' ? takePending() : onExit(how);
  }
  throw new RangeError(
    'WebAssembly: too many calls at the same time: the system has no memory, or no mappings (vm.max_map_count), for another stack',
  );
}

/** Calls a function without parameters and results. */
function callStart(anchor, address) {
  i32[Word.OPERATION] = Operation.START;
  i32[Word.CALLEE] = address;
  i32[Word.CALLEE_HIGH] = address / 0x100000000;
  enter();
  if (i32[Word.STATUS] !== Status.RETURNED) run(anchor, null);
}

module.exports = {
  suspendingHalves,
  enter,
  run,
  resume,
  callStart,
  setOnGrowth,
  setOnExit,
  setOnRequest,
  setOnInterruption,
  setExceptions,
  i32,
  Word,
  Operation,
};
