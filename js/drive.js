'use strict';
// Runs calls: wasm runs on a stack of its own until it wants JavaScript; the loop here serves it. See src/enter.rs.

const { host, mailbox } = require('./binding');
const { anchorOf } = require('./anchor');
const { errorOfTrap } = require('./errors');

const enter = host.entry();

const i32 = new Int32Array(mailbox);

/** Words of the mailbox's header, as indices of `i32`. */
const Word = { STATUS: 0, OPERATION: 1, DEPTH: 2, INSTANCE: 3, IMPORT: 4, CALLEE: 5, CALLEE_HIGH: 6 };

const Operation = { START: 0, RETURN: 1, THROW: 2 };
const Status = { RETURNED: 0, CALL: 1, INTERRUPTED: 2, TRAPPED: 3, THREW: 4, OUT_OF_MEMORY: 5, GREW: 8 };

let pending;
let onGrowth;

/** Sets what is called when wasm has grown a memory. It must not use the mailbox. */
function setOnGrowth(callback) {
  onGrowth = callback;
}

/** Goes on after an `enter` whose status is not plainly "returned", until the call has returned or throws. */
function drive(anchor) {
  for (;;) {
    const status = i32[Word.STATUS];
    if (status & Status.GREW) onGrowth();
    switch (status & 7) {
      case Status.RETURNED:
        return;
      case Status.CALL:
        serve(anchor);
        break;
      case Status.INTERRUPTED:
        goOn(Operation.RETURN, i32[Word.DEPTH]);
        break;
      case Status.TRAPPED:
        throw errorOfTrap(JSON.parse(host.takeTrap()), drive);
      case Status.THREW: {
        const error = pending;
        pending = undefined;
        throw error;
      }
      default:
        throw new RangeError('WebAssembly: out of memory for another call stack');
    }
  }
}

function serve(anchor) {
  const depth = i32[Word.DEPTH];
  const instance = i32[Word.INSTANCE];
  let operation = Operation.RETURN;
  try {
    const owner = anchor.id === instance ? anchor : anchorOf(instance);
    owner.thunks[i32[Word.IMPORT]]();
  } catch (error) {
    pending = error;
    operation = Operation.THROW;
  }
  goOn(operation, depth);
}

function goOn(operation, depth) {
  i32[Word.OPERATION] = operation;
  i32[Word.DEPTH] = depth;
  enter();
}

/** Calls a function without parameters and results. */
function callStart(anchor, address) {
  i32[Word.OPERATION] = Operation.START;
  i32[Word.CALLEE] = address;
  i32[Word.CALLEE_HIGH] = address / 0x100000000;
  enter();
  if (i32[Word.STATUS] !== Status.RETURNED) drive(anchor);
}

module.exports = { enter, drive, callStart, setOnGrowth, i32, Word, Operation };
