'use strict';
// https://webassembly.github.io/spec/js-api/#modules

const { host, Kind } = require('../binding');
const { brand } = require('../brand');
const { hasBuiltin, carrierOf, keyOf, isOfNode, ModuleSource } = require('../builtin');
const { CompileError } = require('../errors');
const { collectIfDue } = require('../values');
const { readCompileOptions, resolveBuiltins } = require('./builtins');
const { tell } = require('./compiled');
const { EXISTING } = require('./memory');
const { assertBufferSource, bufferSource, byteLengthOf, required } = require('./webidl');
const { defineInterface, defineInstanceCheck, prototypeFor } = require('./webidl');
const { getPrototypeOf, mapArray, parseJson, push, setPrototypeOf, uncurry } = require('../primordials');

const TIERS = ['auto', 'quick', 'optimized'];

/** The number of a module, and what is in it once that was asked for. */
const State = brand();

class Module {
  constructor(bytes, options = undefined) {
    const what = 'WebAssembly.Module()';
    const prototype = prototypeFor(this, new.target, Module);
    let id;
    let asked;
    let started;
    let byteLength;
    if (bytes === EXISTING) {
      [, id, asked] = arguments;
    } else {
      required(1, arguments.length, what);
      checkBufferSource(bytes, what);
      asked = readCompileOptions(options, what);
      const tier = readTier(options, what);
      const plain = plainBytes(bytes, what);
      collectIfDue();
      started = performance.now();
      id = checked(host.compile(plain, tier), what);
      byteLength = byteLengthOf(plain);
    }
    const object = bind(hasBuiltin ? carrierOf(host.moduleKey(id)) : this, id, prototype);
    if (asked) resolveBuiltins(infoOfModule(object).imports, asked, what);
    if (started !== undefined) tell(object, byteLength, started);
    return object;
  }

  /** https://webassembly.github.io/spec/js-api/#dom-module-exports */
  static exports(module) {
    required(1, arguments.length, 'WebAssembly.Module.exports()');
    const { exports } = infoOf(module, 'WebAssembly.Module.exports()');
    return mapArray(exports, ({ name, kind }) => ({ name, kind }));
  }

  /** https://webassembly.github.io/spec/js-api/#dom-module-imports */
  static imports(module) {
    required(1, arguments.length, 'WebAssembly.Module.imports()');
    const { imports } = infoOf(module, 'WebAssembly.Module.imports()');
    const result = [];
    for (let i = 0; i < imports.length; i++) {
      const { module, name, kind } = imports[i];
      if (!isProvided(imports[i])) push(result, { module, name, kind });
    }
    return result;
  }

  /** https://webassembly.github.io/spec/js-api/#dom-module-customsections */
  static customSections(module, sectionName) {
    required(2, arguments.length, 'WebAssembly.Module.customSections()');
    const id = idOf(module, 'WebAssembly.Module.customSections()');
    const name = `${sectionName}`;
    // Names of sections are UTF-8, which has no lone surrogates.
    return isWellFormed(name) ? host.customSections(id, name) : [];
  }

  /** Beyond the specification: what code was made so far. */
  static stats(module) {
    const what = 'WebAssembly.Module.stats()';
    required(1, arguments.length, what);
    return JSON.parse(host.moduleStats(idOf(module, what)));
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
}

/** Makes an object stand for a module. */
function bind(object, id, prototype) {
  if (getPrototypeOf(object) !== prototype) setPrototypeOf(object, prototype);
  State.set(object, { id, info: null });
  host.track(Kind.MODULE, id, object);
  return object;
}

/** Makes an object that another thread has sent stand for its module here. Returns whether it is one. */
function adopt(object) {
  const key = keyOf(object);
  const id = key && host.moduleWithKey(key);
  if (id === undefined || id === null) return false;
  // An object of another copy of this package stays what it is there.
  bind(object, id, isOfNode(object) ? Module.prototype : getPrototypeOf(object));
  return true;
}

defineInterface(Module, 'Module');
if (ModuleSource) {
  setPrototypeOf(Module, ModuleSource);
  setPrototypeOf(Module.prototype, ModuleSource.prototype);
}
// Modules that came from another thread have the prototype of Node's own class until they are used. Whoever asks may be a subclass or a
// proxy of the class.
defineInstanceCheck(Module, (value) => isModule(value));

const idOfModule = (module) => State.get(module).id;

function infoOfModule(module) {
  const state = State.get(module);
  state.info ??= readInfo(host.moduleInfo(state.id));
  return state.info;
}

/** What is known of a module. Its parts have members only of their own, to which `resolveBuiltins` adds. */
function readInfo(text) {
  const info = parseJson(text);
  /** Whether what calls of its instances need was made. */
  info.isPrepared = false;
  for (let i = 0; i < info.imports.length; i++) setPrototypeOf(info.imports[i], null);
  for (let i = 0; i < info.exports.length; i++) setPrototypeOf(info.exports[i], null);
  return info;
}

/** Whether an import is not asked of the import object. */
const isProvided = ({ builtin, constant }) => builtin !== undefined || constant === true;

/** Strings have the method since Node.js 20. */
const isWellFormed = uncurry(String.prototype.isWellFormed);

const isModule = (value) => typeof value === 'object' && value !== null && (State.has(value) || adopt(value));

function idOf(module, what) {
  if (!isModule(module)) throw new TypeError(`${what}: the first argument must be a WebAssembly.Module`);
  return idOfModule(module);
}

function infoOf(module, what) {
  idOf(module, what);
  return infoOfModule(module);
}

/** A view of bytes that native code can read. */
function plainBytes(source, what) {
  return bufferSource(source, `${what}: the first argument`);
}

/** Beyond the specification: how much work code is worth. */
function readTier(options, what) {
  const tier = options?.tier;
  if (tier !== undefined && !TIERS.includes(tier)) {
    throw new TypeError(`${what}: tier must be one of ${TIERS.join(', ')}`);
  }
  return tier;
}

/** What native code has found, unless it is what is wrong with the module. */
function checked(outcome, what) {
  if (typeof outcome === 'string') throw new CompileError(`${what}: ${outcome}`);
  return outcome;
}

/**
 * The module comes in a box: whoever opens it decides how often a method `then` that programs gave to modules is called.
 * https://webassembly.github.io/spec/js-api/#asynchronously-compile-a-webassembly-module
 */
async function compileAsync(source, options, what) {
  checkBufferSource(source, what);
  const asked = readCompileOptions(options, what);
  const tier = readTier(options, what);
  // The bytes are copied before this returns.
  const bytes = plainBytes(source, what);
  const length = byteLengthOf(bytes);
  const started = performance.now();
  collectIfDue();
  const small = host.compileSmall(bytes, tier);
  const module =
    small === null
      ? moduleOf(checked(await host.compileAsync(bytes, tier), what), asked)
      : new Module(EXISTING, checked(small, what), asked);
  tell(module, length, started);
  return { __proto__: null, module };
}

/** The module of what native code has found. */
function moduleOf(found, asked) {
  collectIfDue();
  return new Module(EXISTING, host.adopt(found), asked);
}

/** Refuses what has no bytes, before anything else is looked at. */
const checkBufferSource = (source, what) => assertBufferSource(source, `${what}: the first argument`);

module.exports = {
  Module,
  isModule,
  isProvided,
  idOfModule,
  infoOfModule,
  checkBufferSource,
  plainBytes,
  compileAsync,
  moduleOf,
  checked,
  readTier,
};
