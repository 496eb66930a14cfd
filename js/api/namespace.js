'use strict';
// https://webassembly.github.io/spec/js-api/#webassembly-namespace

const { host } = require('../binding');
const { CompileError, LinkError, RuntimeError } = require('../errors');
const { Exception } = require('./exception');
const { Global } = require('./global');
const { Instance } = require('./instance');
const { Memory } = require('./memory');
const { Module, isModule, plainBytes, compileAsync } = require('./module');
const { compileStream } = require('./streaming');
const { Table } = require('./table');
const { Tag, JSTag } = require('./tag');
const { isObject, required } = require('./webidl');

const operations = {
  /** https://webassembly.github.io/spec/js-api/#dom-webassembly-validate */
  validate(bytes) {
    required(1, arguments.length, 'WebAssembly.validate()');
    return host.validate(plainBytes(bytes, 'WebAssembly.validate()')) === null;
  },

  /** https://webassembly.github.io/spec/js-api/#dom-webassembly-compile */
  async compile(bytes) {
    required(1, arguments.length, 'WebAssembly.compile()');
    return compileAsync(bytes, 'WebAssembly.compile()');
  },

  /** https://webassembly.github.io/spec/js-api/#dom-webassembly-instantiate */
  async instantiate(source, importObject = undefined) {
    const what = 'WebAssembly.instantiate()';
    required(1, arguments.length, what);
    if (importObject !== undefined && !isObject(importObject)) {
      throw new TypeError(`${what}: the import object must be an object`);
    }
    if (isModule(source)) return new Instance(source, importObject);
    const module = await compileAsync(source, what);
    return { module, instance: new Instance(module, importObject) };
  },

  /** https://webassembly.github.io/spec/web-api/#dom-webassembly-compilestreaming */
  async compileStreaming(source, options = undefined) {
    required(1, arguments.length, 'WebAssembly.compileStreaming()');
    return compileStream(source, options, 'WebAssembly.compileStreaming()');
  },

  /** https://webassembly.github.io/spec/web-api/#dom-webassembly-instantiatestreaming */
  async instantiateStreaming(source, importObject = undefined, options = undefined) {
    const what = 'WebAssembly.instantiateStreaming()';
    required(1, arguments.length, what);
    if (importObject !== undefined && !isObject(importObject)) {
      throw new TypeError(`${what}: the import object must be an object`);
    }
    const module = await compileStream(source, options, what);
    return { module, instance: new Instance(module, importObject) };
  },
};
for (const name of ['compileStreaming', 'instantiateStreaming']) {
  Object.defineProperty(operations[name], 'length', { value: 1, configurable: true });
}
Object.defineProperty(operations.instantiate, 'length', { value: 1, configurable: true });

const WebAssembly = Object.create(Object.prototype, {
  [Symbol.toStringTag]: { value: 'WebAssembly', configurable: true },
});
for (const [name, value] of Object.entries(operations)) {
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
  CompileError,
  LinkError,
  RuntimeError,
};
for (const [name, value] of Object.entries(classes)) {
  Object.defineProperty(WebAssembly, name, { value, writable: true, enumerable: false, configurable: true });
}

// https://webassembly.github.io/spec/js-api/#dom-webassembly-jstag
Object.defineProperty(WebAssembly, 'JSTag', { value: JSTag, enumerable: true, configurable: true });

// Which engine runs: "builtin" where there is no binary for the platform (js/fallback.js).
Object.defineProperty(WebAssembly, 'engine', { value: 'gantry', configurable: true });

module.exports = { WebAssembly };
