'use strict';
// https://webassembly.github.io/spec/js-api/#instances

const { host, Kind } = require('../binding');
const { Anchor } = require('../anchor');
const { callStart } = require('../drive');
const { LinkError, trapError } = require('../errors');
const { exportedFunction, functionAt } = require('../functions');
const { isExportedFunction, addressOf, anchorOfFunction } = require('../identity');
const { importFactory } = require('../signature');
const { collectIfDue } = require('../values');
const { Global, isGlobal, idOfGlobal, holdersOfGlobal, globalObject } = require('./global');
const { isMemory, idOfMemory, memoryObject } = require('./memory');
const { isModule, idOfModule, infoOfModule } = require('./module');
const { isTable, idOfTable, holdersOfTable, tableObject } = require('./table');
const { isObject, required, defineInterface } = require('./webidl');

/** How an import is given to the host: see src/instance.rs. */
const Import = { HOST: 0, FUNC: 1, TABLE: 2, MEMORY: 3, GLOBAL: 4 };

/** Value types by letter, as the JS API names them. */
const TYPE_NAMES = { i: 'i32', I: 'i64', f: 'f32', F: 'f64', v: 'v128', e: 'externref', p: 'anyfunc' };

class Instance {
  #exports;

  constructor(module, importObject = undefined) {
    const what = 'WebAssembly.Instance()';
    required(1, arguments.length, what);
    if (!isModule(module)) throw new TypeError(`${what}: the first argument must be a WebAssembly.Module`);
    this.#exports = instantiate(module, readImports(module, importObject, what), what);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-instance-exports */
  get exports() {
    return this.#exports;
  }
}

Object.defineProperty(Instance, 'length', { value: 1, configurable: true });
defineInterface(Instance, 'Instance');

/**
 * https://webassembly.github.io/spec/js-api/#read-the-imports
 * @returns two numbers for each import, and the anchor of the instance to be
 */
function readImports(module, importObject, what) {
  if (importObject !== undefined && !isObject(importObject)) {
    throw new TypeError(`${what}: the import object must be an object`);
  }
  const { imports } = infoOfModule(module);
  if (imports.length > 0 && importObject === undefined) {
    throw new TypeError(
      `${what}: an import object is required, because the module imports ${name(imports[0])}`,
    );
  }
  const anchor = new Anchor();
  const given = new Float64Array(imports.length * 2);
  imports.forEach((wanted, index) => {
    const namespace = importObject[wanted.module];
    if (!isObject(namespace)) {
      throw new TypeError(
        `${what}: Import #${index} "${wanted.module}": the module is not an object or function`,
      );
    }
    const [sort, number] = readImport(wanted, namespace[wanted.name], anchor, index, what);
    given[index * 2] = sort;
    given[index * 2 + 1] = number;
  });
  return { given, anchor, imports };
}

const name = (wanted) => `"${wanted.module}" "${wanted.name}"`;

function mismatch(wanted, index, found, what) {
  return new LinkError(`${what}: Import #${index} ${name(wanted)}: expected ${wanted.ty}, found ${found}`);
}

function describe(value) {
  if (value === null) return 'null';
  if (isExportedFunction(value)) return host.describeExtern(Import.FUNC, addressOf(value));
  if (isTable(value)) return host.describeExtern(Import.TABLE, idOfTable(value));
  if (isMemory(value)) return host.describeExtern(Import.MEMORY, idOfMemory(value));
  if (isGlobal(value)) return host.describeExtern(Import.GLOBAL, idOfGlobal(value));
  if (typeof value === 'number' || typeof value === 'bigint') return `the ${typeof value} ${value}`;
  return typeof value === 'object' ? 'an object' : typeof value;
}

function readImport(wanted, value, anchor, index, what) {
  switch (wanted.kind) {
    case 'function':
      return readFunction(wanted, value, anchor, index, what);
    case 'table':
      if (!isTable(value)) throw mismatch(wanted, index, describe(value), what);
      if (wanted.signature === 'p') share(anchor, holdersOfTable(value));
      return [Import.TABLE, idOfTable(value)];
    case 'memory':
      if (!isMemory(value)) throw mismatch(wanted, index, describe(value), what);
      return [Import.MEMORY, idOfMemory(value)];
    default:
      return readGlobal(wanted, value, anchor, index, what);
  }
}

/** What both sides can put functions into keeps the instance alive, and the other way round. */
function share(anchor, holders) {
  holders.add(anchor);
  anchor.refs.push(holders);
}

function readFunction(wanted, value, anchor, index, what) {
  if (typeof value !== 'function') throw mismatch(wanted, index, describe(value), what);
  if (isExportedFunction(value)) {
    anchor.refs.push(anchorOfFunction(value));
    return [Import.FUNC, addressOf(value)];
  }
  anchor.thunks[index] = importFactory(wanted.signature)(value, anchor);
  return [Import.HOST, 0];
}

function readGlobal(wanted, value, anchor, index, what) {
  let global = value;
  if (!isGlobal(value)) {
    const type = wanted.signature;
    const isNumeric = 'iIfF'.includes(type);
    const fits = isNumeric ? typeof value === (type === 'I' ? 'bigint' : 'number') : 'ep'.includes(type);
    const isReference = type === 'e' || value === null || isExportedFunction(value);
    if (!fits || (!isNumeric && !isReference)) throw mismatch(wanted, index, describe(value), what);
    global = new Global({ value: TYPE_NAMES[type] }, value);
  }
  anchor.refs.push(global);
  if (wanted.signature === 'mut p') share(anchor, holdersOfGlobal(global));
  return [Import.GLOBAL, idOfGlobal(global)];
}

/**
 * https://webassembly.github.io/spec/js-api/#instantiate-the-core-of-a-webassembly-module
 * @returns the exports object
 */
function instantiate(module, { given, anchor, imports }, what) {
  collectIfDue();
  const made = host.instantiate(idOfModule(module), given);
  if (typeof made === 'string') throw instantiationError(made, imports, what);
  anchor.id = made;
  anchor.module = module;
  host.track(Kind.INSTANCE, made, anchor);
  const exports = createExports(module, anchor);
  const start = host.startFunction(made);
  if (start !== 0) callStart(anchor, start);
  return exports;
}

function instantiationError(reason, imports, what) {
  if (reason === 'memory') return new RangeError(`${what}: could not allocate memory`);
  if (reason.startsWith('trap ')) return trapError(Number(reason.slice(5)));
  const [first, expected, actual] = reason.split('\n');
  const index = Number(first.slice('link '.length));
  return new LinkError(
    `${what}: Import #${index} ${name(imports[index])}: expected ${expected}, found ${actual}`,
  );
}

/** https://webassembly.github.io/spec/js-api/#create-an-exports-object */
function createExports(module, anchor) {
  const { exports } = infoOfModule(module);
  const object = Object.create(null);
  if (exports.length > 0) {
    const numbers = new Float64Array(exports.length * 4);
    host.exports(anchor.id, numbers);
    exports.forEach((item, index) => {
      const value = createExport(anchor, item, numbers.subarray(index * 4, index * 4 + 4));
      Object.defineProperty(object, item.name, { value, enumerable: true });
    });
  }
  return Object.freeze(object);
}

function createExport(anchor, { kind, signature }, [number, owner, index]) {
  switch (kind) {
    case 'function':
      return owner === anchor.id ? exportedFunction(anchor, index, number, signature) : functionAt(number);
    case 'table': {
      const table = tableObject(number);
      if (signature === 'p') share(anchor, holdersOfTable(table));
      return table;
    }
    case 'memory':
      return memoryObject(number);
    default: {
      const global = globalObject(number);
      if (signature.endsWith('p')) share(anchor, holdersOfGlobal(global));
      return global;
    }
  }
}

module.exports = { Instance, readImports, instantiate };
