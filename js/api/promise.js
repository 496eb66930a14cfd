'use strict';
// JavaScript promise integration: wasm that waits for promises while JavaScript goes on.
// https://webassembly.github.io/js-promise-integration/js-api/

const { host } = require('../binding');
const { run, resume, suspendingHalves } = require('../drive');
const { SuspendError } = require('../errors');
const { isExportedFunction, addressOf, anchorOfFunction } = require('../identity');
const { nameOf } = require('../functions');
const { suspendingFactory, promisingFactory } = require('../signature');
const { apply, defineProperty } = require('../primordials');
const { isObject, required, defineInterface, setPrototype } = require('./webidl');

const NativePromise = Promise;
const { then } = Promise.prototype;
const { resolve: promiseResolve } = Promise;

class Suspending {
  #func;

  constructor(jsFun) {
    const what = 'WebAssembly.Suspending()';
    required(1, arguments.length, what);
    if (typeof jsFun !== 'function') throw new TypeError(`${what}: the first argument must be a function`);
    this.#func = jsFun;
    if (new.target !== Suspending) setPrototype(this, new.target, Suspending);
  }

  static has(value) {
    return #func in value;
  }

  static func(suspending) {
    return suspending.#func;
  }
}

const { has, func } = Suspending;
delete Suspending.has;
delete Suspending.func;
defineInterface(Suspending, 'Suspending');

const isSuspending = (value) => isObject(value) && has(value);

/** What calls a suspending function for wasm, in two halves. Where nothing can be suspended, it is not called. */
function suspendingThunk(signature, suspending, anchor) {
  const callee = func(suspending);
  const halves = suspendingFactory(signature)((...args) => apply(callee, undefined, args), anchor);
  const thunk = () => {
    throw new SuspendError(
      'WebAssembly: there is nothing to suspend: no function of WebAssembly.promising, or JavaScript in between',
    );
  };
  suspendingHalves.set(thunk, halves);
  return thunk;
}

/** A call of wasm for which there is a promise. */
class Computation {
  #anchor;
  #results;
  #settle;
  /** The number of the call while it is set aside. */
  #id;
  #suspend = (halves) => this.#setAside(halves);

  constructor(anchor, results, settle) {
    this.#anchor = anchor;
    this.#results = results;
    this.#settle = settle;
  }

  /** Runs a step of it: until it is over or set aside. */
  go(step) {
    try {
      if (step()) this.#settle.resolve(this.#results());
    } catch (error) {
      this.#settle.reject(error);
    }
  }

  first() {
    return run(this.#anchor, this.#suspend);
  }

  /** Calls what wasm waits for, and sets the call aside, also for what is no promise. */
  #setAside(halves) {
    const promise = apply(promiseResolve, NativePromise, [halves.call()]);
    this.#id = host.park(this);
    const goOn = (give) => () => this.go(() => this.#resume(give));
    apply(then, promise, [
      (fulfilled) => goOn(() => halves.give(fulfilled))(),
      (reason) =>
        goOn(() => {
          throw reason;
        })(),
    ]);
  }

  #resume(give) {
    const depth = host.unpark(this.#id);
    if (depth === null) throw new Error('WebAssembly: a suspended call is gone');
    let failure = null;
    try {
      give();
    } catch (error) {
      failure = { error };
    }
    return resume(this.#anchor, depth, failure, this.#suspend);
  }
}

/** https://webassembly.github.io/js-promise-integration/js-api/#dom-webassembly-promising */
function promising(wasmFunc) {
  const what = 'WebAssembly.promising()';
  required(1, arguments.length, what);
  if (!isExportedFunction(wasmFunc)) {
    throw new TypeError(`${what}: the first argument must be a WebAssembly function`);
  }
  const address = addressOf(wasmFunc);
  const anchor = anchorOfFunction(wasmFunc);
  const described = host.describeFunction(address);
  const signature = described[2];
  const { start, results, length } = promisingFactory(signature)(anchor, address);
  // A method: it cannot be constructed.
  const { call } = {
    call(...args) {
      return new NativePromise((resolve, reject) => {
        const computation = new Computation(anchor, results, { resolve, reject });
        computation.go(() => {
          apply(start, undefined, args);
          return computation.first();
        });
      });
    },
  };
  defineProperty(call, 'name', { value: nameOf(described[1]), configurable: true });
  defineProperty(call, 'length', { value: length, configurable: true });
  return call;
}

module.exports = { Suspending, promising, isSuspending, suspendingThunk };
