'use strict';
// https://webassembly.github.io/spec/js-api/#webassembly-namespace

const { host } = require('../binding');
const { CompileError, LinkError, RuntimeError, SuspendError } = require('../errors');
const { readCompileOptions } = require('./builtins');
const { WasmFunction, setInstantiate } = require('./function');
const { Exception } = require('./exception');
const { Global } = require('./global');
const { Instance, readImports, instantiate, instantiateAsync } = require('./instance');
const { Memory, EXISTING } = require('./memory');
const { apply, defineProperty, getOwnPropertyDescriptor, uncurry } = require('../primordials');
const { Module, isModule, checkBufferSource, plainBytes, compileAsync } = require('./module');
const { compileStream } = require('./streaming');
const { Suspending, promising } = require('./promise');
const { Table } = require('./table');
const { Tag, JSTag } = require('./tag');
const { isObject, required } = require('./webidl');

setInstantiate((module, imports) =>
  instantiate(module, readImports(module, imports, 'WebAssembly.Function()'), ''),
);

/** https://webassembly.github.io/spec/js-api/#validate-builtins-and-imported-string-for-a-webassembly-module */
function fits(bytes, asked) {
  const id = host.compile(bytes);
  if (typeof id === 'string') return false;
  try {
    return isModule(new Module(EXISTING, id, asked));
  } catch (error) {
    if (isInstance(CompileError, error)) return false;
    throw error;
  }
}

const isInstance = uncurry(Function.prototype[Symbol.hasInstance]);

/** https://webassembly.github.io/spec/js-api/#instantiate-a-promise-of-a-module, which comes in a box */
async function instantiatePromise(compiling, importObject, what) {
  const module = await (await compiling).module;
  if (!isModule(module)) throw new TypeError(`${what}: the promise of a module gave something else`);
  return { module, instance: await instantiateAsync(module, importObject, what) };
}

const operations = {
  /** https://webassembly.github.io/spec/js-api/#dom-webassembly-validate */
  validate(bytes, options = undefined) {
    const what = 'WebAssembly.validate()';
    required(1, arguments.length, what);
    checkBufferSource(bytes, what);
    const asked = readCompileOptions(options, what);
    const plain = plainBytes(bytes, what);
    if (host.validate(plain) !== null) return false;
    return asked === undefined || fits(plain, asked);
  },

  /** https://webassembly.github.io/spec/js-api/#dom-webassembly-compile */
  async compile(bytes, options = undefined) {
    required(1, arguments.length, 'WebAssembly.compile()');
    // Awaited: to resolve a promise with a promise calls `then`, which programs may have replaced.
    return (await compileAsync(bytes, options, 'WebAssembly.compile()')).module;
  },

  /** https://webassembly.github.io/spec/js-api/#dom-webassembly-instantiate */
  async instantiate(source, importObject = undefined, options = undefined) {
    const what = 'WebAssembly.instantiate()';
    required(1, arguments.length, what);
    if (importObject !== undefined && !isObject(importObject)) {
      throw new TypeError(`${what}: the import object must be an object`);
    }
    if (isModule(source)) return await instantiateAsync(source, importObject, what);
    return await instantiatePromise(compileAsync(source, options, what), importObject, what);
  },

  promising,

  /** https://webassembly.github.io/spec/web-api/#dom-webassembly-compilestreaming */
  async compileStreaming(source, options = undefined) {
    required(1, arguments.length, 'WebAssembly.compileStreaming()');
    return (await compileStream(source, options, 'WebAssembly.compileStreaming()')).module;
  },

  /** https://webassembly.github.io/spec/web-api/#dom-webassembly-instantiatestreaming */
  async instantiateStreaming(source, importObject = undefined, options = undefined) {
    const what = 'WebAssembly.instantiateStreaming()';
    required(1, arguments.length, what);
    if (importObject !== undefined && !isObject(importObject)) {
      throw new TypeError(`${what}: the import object must be an object`);
    }
    return await instantiatePromise(compileStream(source, options, what), importObject, what);
  },
};
for (const name of ['compileStreaming', 'instantiateStreaming']) {
  Object.defineProperty(operations[name], 'length', { value: 1, configurable: true });
}
Object.defineProperty(operations.instantiate, 'length', { value: 1, configurable: true });

const WebAssembly = Object.create(Object.prototype, {
  [Symbol.toStringTag]: { value: 'WebAssembly', configurable: true },
});
for (const [name, operation] of Object.entries(operations)) {
  // Plain functions, as Web IDL has them, which is not what async functions are.
  const { [name]: value } = {
    [name](...args) {
      return apply(operation, undefined, args);
    },
  };
  Object.defineProperty(value, 'length', { value: operation.length, configurable: true });
  Object.defineProperty(WebAssembly, name, { value, writable: true, enumerable: true, configurable: true });
}
const classes = {
  Module,
  Instance,
  Memory,
  Table,
  Global,
  Tag,
  Exception,
  Function: WasmFunction,
  CompileError,
  LinkError,
  RuntimeError,
  SuspendError,
  Suspending,
};
for (const [name, value] of Object.entries(classes)) {
  Object.defineProperty(WebAssembly, name, { value, writable: true, enumerable: false, configurable: true });
}

// https://webassembly.github.io/spec/js-api/#dom-webassembly-jstag
const jsTag = {
  get JSTag() {
    return JSTag;
  },
};
const { get } = getOwnPropertyDescriptor(jsTag, 'JSTag');
defineProperty(WebAssembly, 'JSTag', { get, enumerable: true, configurable: true });

// Which engine runs: "builtin" where there is no binary for the platform (js/fallback.js).
Object.defineProperty(WebAssembly, 'engine', { value: 'gantry', configurable: true });

module.exports = { WebAssembly };
