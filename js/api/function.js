'use strict';
// WebAssembly.Function: functions with a type. Exported functions are such.
// https://github.com/WebAssembly/js-types

const { host } = require('../binding');
const { isExportedFunction, addressOf } = require('../identity');
const { EXISTING } = require('./memory');
const { Module } = require('./module');
const { setFunctionPrototype } = require('../signature');
const { functionType } = require('./reflection');
const { ValueType } = require('./value');
const { dictionary, enumeration, prototypeFor, required, sequence } = require('./webidl');
const { apply, concat, defineProperty, join, mapArray, setPrototypeOf, SafeMap } = require('../primordials');

/** The bytes of value types, by letter. */
const BYTES = { __proto__: null, i: 0x7f, I: 0x7e, f: 0x7d, F: 0x7c, v: 0x7b, p: 0x70, e: 0x6f };

/** Modules that import a function of a type and export it, by signature. */
const modules = new SafeMap();

let instantiate;

/** Sets what makes instances, which needs this file for what they export. */
function setInstantiate(callback) {
  instantiate = callback;
}

function WasmFunction(type, callable) {
  const what = 'WebAssembly.Function()';
  if (new.target === undefined) throw new TypeError(`${what}: new is required`);
  required(2, arguments.length, what);
  const descriptor = dictionary(type, `${what}: type`);
  const parameters = readTypes(descriptor.parameters, `${what}: parameters`);
  const results = readTypes(descriptor.results, `${what}: results`);
  if (typeof callable !== 'function') throw new TypeError(`${what}: the second argument must be a function`);
  const exported = hostFunction(parameters, results, callable);
  const prototype = prototypeFor(this, new.target, WasmFunction);
  if (prototype !== WasmFunction.prototype) setPrototypeOf(exported, prototype);
  return exported;
}

function readTypes(list, what) {
  const toType = (type) => enumeration(type, ValueType, what);
  return sequence(list, toType, `${what} must be an iterable of value types`);
}

/** The Exported Function for a function of JavaScript, given a type. */
function hostFunction(parameters, results, callable) {
  const signature = `${join(parameters, '')}:${join(results, '')}`;
  let module = modules.get(signature);
  if (!module) {
    const compiled = host.compile(binary(parameters, results));
    if (typeof compiled === 'string') throw new RangeError(`WebAssembly.Function(): ${compiled}`);
    module = new Module(EXISTING, compiled);
    modules.set(signature, module);
  }
  // What is imported is called as it is, even if it is an Exported Function already.
  const call = (...args) => apply(callable, undefined, args);
  return instantiate(module, { __proto__: null, '': { __proto__: null, '': call } })[''];
}

/** `(module (import "" "" (func (type parameters results))) (export "" (func 0)))` */
function binary(parameters, results) {
  const leb = (n) => (n < 128 ? [n] : concat([(n & 127) | 128], leb(n >>> 7)));
  const list = (types) =>
    concat(
      leb(types.length),
      mapArray(types, (type) => BYTES[type]),
    );
  const section = (id, contents) => concat([id], leb(contents.length), contents);
  return apply(
    bytesOf,
    undefined,
    concat(
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, concat([1, 0x60], list(parameters), list(results))),
      section(2, [1, 0, 0, 0, 0]),
      section(7, [1, 0, 0, 0]),
    ),
  );
}

const bytesOf = Uint8Array.of.bind(Uint8Array);

const prototype = Object.create(Function.prototype, {
  constructor: { value: WasmFunction, writable: true, configurable: true },
});
const methods = {
  /** The function's parameters and results. */
  type() {
    if (!isExportedFunction(this)) {
      throw new TypeError('WebAssembly.Function.type(): the receiver must be a WebAssembly function');
    }
    return functionType(host.describeFunction(addressOf(this))[2]);
  },
};
defineProperty(prototype, 'type', {
  value: methods.type,
  writable: true,
  enumerable: true,
  configurable: true,
});
Object.setPrototypeOf(WasmFunction, Function);
Object.defineProperties(WasmFunction, {
  name: { value: 'Function', configurable: true },
  prototype: { value: prototype, writable: false },
});
setFunctionPrototype(prototype);

module.exports = { WasmFunction, setInstantiate };
