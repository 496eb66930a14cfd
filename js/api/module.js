'use strict';
// https://webassembly.github.io/spec/js-api/#modules

const { host, Kind } = require('../binding');
const { CompileError } = require('../errors');
const { collectIfDue } = require('../values');
const { readCompileOptions, resolveBuiltins } = require('./builtins');
const { EXISTING } = require('./memory');
const { bufferSource, required, defineInterface } = require('./webidl');

class Module {
  #id;
  #info = null;

  constructor(bytes, options = undefined) {
    const what = 'WebAssembly.Module()';
    let asked;
    if (bytes === EXISTING) {
      [, this.#id, asked] = arguments;
    } else {
      required(1, arguments.length, what);
      const plain = plainBytes(bytes, what);
      asked = readCompileOptions(options, what);
      collectIfDue();
      this.#id = checked(host.compile(plain), what);
    }
    host.track(Kind.MODULE, this.#id, this);
    if (asked) resolveBuiltins(infoOfModule(this).imports, asked, what);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-module-exports */
  static exports(module) {
    required(1, arguments.length, 'WebAssembly.Module.exports()');
    const { exports } = infoOf(module, 'WebAssembly.Module.exports()');
    return exports.map(({ name, kind }) => ({ name, kind }));
  }

  /** https://webassembly.github.io/spec/js-api/#dom-module-imports */
  static imports(module) {
    required(1, arguments.length, 'WebAssembly.Module.imports()');
    const { imports } = infoOf(module, 'WebAssembly.Module.imports()');
    const asked = imports.filter(({ builtin, constant }) => !builtin && !constant);
    return asked.map(({ module, name, kind }) => ({ module, name, kind }));
  }

  /** https://webassembly.github.io/spec/js-api/#dom-module-customsections */
  static customSections(module, sectionName) {
    required(2, arguments.length, 'WebAssembly.Module.customSections()');
    const id = idOf(module, 'WebAssembly.Module.customSections()');
    const name = `${sectionName}`;
    // Names of sections are UTF-8, which has no lone surrogates.
    return isWellFormed(name) ? host.customSections(id, name) : [];
  }

  /** Beyond the specification: the compiled module as bytes. */
  serialize() {
    return host.serialize(idOf(this, 'WebAssembly.Module.serialize()'));
  }

  /** Beyond the specification: a module of what `serialize` gave, without compiling. */
  static deserialize(bytes) {
    const what = 'WebAssembly.Module.deserialize()';
    required(1, arguments.length, what);
    return new Module(EXISTING, checked(host.deserialize(plainBytes(bytes, what)), what));
  }

  static has(value) {
    return #id in value;
  }

  static id(module) {
    return module.#id;
  }

  static info(module) {
    module.#info ??= JSON.parse(host.moduleInfo(module.#id));
    return module.#info;
  }
}

const { has, id: idOfModule, info } = Module;
const infoOfModule = (module) => info(module);
delete Module.has;
delete Module.id;
delete Module.info;
defineInterface(Module, 'Module');

/** Strings have the method since Node.js 20. */
const isWellFormed = (string) => string.isWellFormed();

const isModule = (value) => typeof value === 'object' && value !== null && has(value);

function idOf(module, what) {
  if (!isModule(module)) throw new TypeError(`${what}: the first argument must be a WebAssembly.Module`);
  return idOfModule(module);
}

function infoOf(module, what) {
  idOf(module, what);
  return infoOfModule(module);
}

/** A view of bytes that native code can read: shared ones are copied. */
function plainBytes(source, what) {
  const bytes = bufferSource(source, `${what}: the first argument`);
  return bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
}

/** The number of a module, unless it is what is wrong with it. */
function checked(outcome, what) {
  if (typeof outcome === 'string') throw new CompileError(`${what}: ${outcome}`);
  return outcome;
}

/** https://webassembly.github.io/spec/js-api/#asynchronously-compile-a-webassembly-module */
async function compileAsync(source, options, what) {
  // The bytes are copied before this returns.
  const compiling = host.compileAsync(plainBytes(source, what));
  const asked = readCompileOptions(options, what);
  const outcome = await compiling;
  collectIfDue();
  return new Module(EXISTING, host.adopt(checked(outcome, what)), asked);
}

module.exports = { Module, isModule, idOfModule, infoOfModule, plainBytes, compileAsync };
