'use strict';
// https://webassembly.github.io/spec/js-api/#instances

const { host } = require('../binding');
const { markAsUncloneable } = require('../brand');
const { Anchor } = require('../anchor');
const { callStart } = require('../drive');
const { LinkError, trapError } = require('../errors');
const { exportedFunction, functionAt } = require('../functions');
const { isExportedFunction, addressOf, anchorOfFunction } = require('../identity');
const { keepCode } = require('../kept');
const { nativeBinding } = require('../native');
const { importFactory, prepareCalls } = require('../signature');
const { collectIfDue, collectNow } = require('../values');
const { Global, isGlobal, idOfGlobal, holdersOfGlobal, globalObject, globalOf } = require('./global');
const { Memory, EXISTING, isMemory, idOfMemory, memoryObject } = require('./memory');
const { isModule, isProvided, idOfModule, infoOfModule } = require('./module');
const { createShared } = require('./shared');
const {
  defineProperty,
  freeze,
  mapArray,
  max,
  push,
  setPrototypeOf,
  slice,
  split,
  startsWith,
  SafeMap,
} = require('../primordials');
const { Table, isTable, idOfTable, holdersOfTable, tableObject } = require('./table');
const { isSuspending, suspendingThunk } = require('./promise');
const { isTag, idOfTag, tagObject } = require('./tag');
const { isObject, required, defineInterface, setPrototype } = require('./webidl');

/** How an import is given to the host: see src/instance.rs. */
const Import = { HOST: 0, FUNC: 1, TABLE: 2, MEMORY: 3, GLOBAL: 4, NATIVE: 5, TAG: 6 };

class Instance {
  #exports;

  constructor(module, importObject = undefined) {
    const what = 'WebAssembly.Instance()';
    if (module === EXISTING) {
      this.#exports = arguments[1];
    } else {
      required(1, arguments.length, what);
      if (!isModule(module)) throw new TypeError(`${what}: the first argument must be a WebAssembly.Module`);
      this.#exports = instantiate(module, readImports(module, importObject, what), what);
      if (new.target !== Instance) setPrototype(this, new.target, Instance);
    }
    markAsUncloneable(this);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-instance-exports */
  get exports() {
    return this.#exports;
  }
}

defineProperty(Instance, 'length', { value: 1, configurable: true });
defineInterface(Instance, 'Instance');

/**
 * https://webassembly.github.io/spec/js-api/#read-the-imports
 * @returns two numbers for each import, and the anchor of the instance to be
 */
function readImports(module, importObject, what) {
  if (importObject !== undefined && !isObject(importObject)) {
    throw new TypeError(`${what}: the import object must be an object`);
  }
  const info = infoOfModule(module);
  const { imports } = info;
  if (importObject === undefined) requireNothing(imports, what);
  if (!info.isPrepared) {
    prepareCalls(imports, info.exports);
    info.isPrepared = true;
  }
  const anchor = new Anchor(info.writesTables);
  // Getters may instantiate other modules: the numbers are gathered here before they go where all instances' go.
  const given = [];
  for (let index = 0; index < imports.length; index++) {
    const wanted = imports[index];
    if (wanted.constant) {
      wanted.global ??= globalOf('R{extern}', wanted.name);
      push(anchor.refs, wanted.global);
      push(given, Import.GLOBAL, idOfGlobal(wanted.global));
      continue;
    }
    if (wanted.builtin) {
      anchor.thunks[index] = importFactory(wanted.signature)(wanted.builtin, anchor);
      push(given, Import.HOST, 0);
      continue;
    }
    const namespace = importObject[wanted.module];
    if (!isObject(namespace)) {
      throw new TypeError(
        `${what}: Import #${index} "${wanted.module}": the module is not an object or function`,
      );
    }
    const pair = readImport(wanted, namespace[wanted.name], anchor, index, what);
    push(given, pair[0], pair[1]);
  }
  return { given, anchor, imports };
}

function requireNothing(imports, what) {
  for (let i = 0; i < imports.length; i++) {
    if (isProvided(imports[i])) continue;
    throw new TypeError(
      `${what}: an import object is required, because the module imports ${name(imports[i])}`,
    );
  }
}

/** Whether values of some type of a signature may keep functions: its letters are in src/describe.rs. */
function holdsReferences(signature) {
  for (let i = 0; i < signature.length; i++) {
    const letter = signature[i];
    if (letter === 'p' || letter === 'r' || letter === 'R') return true;
  }
  return false;
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
  if (isTag(value)) return host.describeExtern(Import.TAG, idOfTag(value));
  if (typeof value === 'number' || typeof value === 'bigint') return `the ${typeof value} ${value}`;
  return typeof value === 'object' ? 'an object' : typeof value;
}

function readImport(wanted, value, anchor, index, what) {
  switch (wanted.kind) {
    case 'function':
      return readFunction(wanted, value, anchor, index, what);
    case 'table':
      if (!isTable(value)) throw mismatch(wanted, index, describe(value), what);
      if (holdsReferences(wanted.signature)) holdersOfTable(value).share(anchor);
      return [Import.TABLE, idOfTable(value)];
    case 'memory':
      if (!isMemory(value)) throw mismatch(wanted, index, describe(value), what);
      return [Import.MEMORY, idOfMemory(value)];
    case 'tag':
      if (!isTag(value)) throw mismatch(wanted, index, describe(value), what);
      push(anchor.refs, value);
      return [Import.TAG, idOfTag(value)];
    default:
      return readGlobal(wanted, value, anchor, index, what);
  }
}

function readFunction(wanted, value, anchor, index, what) {
  if (isSuspending(value)) {
    anchor.thunks[index] = suspendingThunk(wanted.signature, value, anchor);
    return [Import.HOST, 0];
  }
  if (typeof value !== 'function') throw mismatch(wanted, index, describe(value), what);
  if (isExportedFunction(value)) {
    const owner = anchorOfFunction(value);
    push(anchor.refs, owner);
    // It may keep functions that it is passed.
    if (holdsReferences(split(wanted.signature, ':')[0])) push(owner.refs, anchor);
    return [Import.FUNC, addressOf(value)];
  }
  const native = nativeBinding(value);
  if (native !== undefined && native.signature === wanted.signature) {
    push(anchor.refs, native.owner);
    return [Import.NATIVE, native.number];
  }
  anchor.thunks[index] = importFactory(wanted.signature)(value, anchor);
  return [Import.HOST, 0];
}

function readGlobal(wanted, value, anchor, index, what) {
  let global = value;
  if (!isGlobal(value)) {
    const type = wanted.signature;
    const isNumeric = type === 'i' || type === 'I' || type === 'f' || type === 'F';
    if (isNumeric && typeof value !== (type === 'I' ? 'bigint' : 'number')) {
      throw mismatch(wanted, index, describe(value), what);
    }
    global = globalOf(type, value);
    if (!global) throw mismatch(wanted, index, describe(value), what);
  }
  push(anchor.refs, global);
  if (startsWith(wanted.signature, 'mut') && holdsReferences(slice(wanted.signature, 3))) {
    holdersOfGlobal(global).share(anchor);
  }
  return [Import.GLOBAL, idOfGlobal(global)];
}

/**
 * https://webassembly.github.io/spec/js-api/#instantiate-the-core-of-a-webassembly-module
 * @returns the exports object
 */
function instantiate(module, { given, anchor, imports }, what) {
  collectIfDue();
  const { exports, sharedMemories } = infoOfModule(module);
  const shared = mapArray(sharedMemories, ({ is64, min, max }) => createShared(is64, min, max, what).id);
  const out = scratch(max(given.length, EXPORTS_AT + exports.length * EXPORT_STRIDE));
  for (let i = 0; i < given.length; i++) out[i] = given[i];
  let reason = host.instantiate(idOfModule(module), out, anchor, shared);
  if (reason === 'memory') {
    // Garbage may hold the address space.
    collectNow();
    reason = host.instantiate(idOfModule(module), out, anchor, shared);
  }
  if (reason !== null) throw instantiationError(reason, imports, what);
  // A small integer, which V8 compares fastest.
  anchor.id = out[0] | 0;
  const start = out[1];
  const object = createExports(exports, anchor, out);
  keepCode();
  if (start !== 0) callStart(anchor, start);
  return object;
}

/** What the host reads imports from and writes exports to: see src/instance.rs. */
let capacity = 1024;
let numbers = new Float64Array(capacity);
const EXPORTS_AT = 2;
const EXPORT_STRIDE = 4;

function scratch(length) {
  if (capacity < length) {
    capacity = 2 * length;
    numbers = new Float64Array(capacity);
  }
  return numbers;
}

function instantiationError(reason, imports, what) {
  if (reason === 'memory') return new RangeError(`${what}: could not allocate memory`);
  if (startsWith(reason, 'trap ')) return trapError(+slice(reason, 5));
  const lines = split(reason, '\n');
  const index = +slice(lines[0], 'link '.length);
  return new LinkError(
    `${what}: Import #${index} ${name(imports[index])}: expected ${lines[1]}, found ${lines[2]}`,
  );
}

/** https://webassembly.github.io/spec/js-api/#create-an-exports-object */
function createExports(exports, anchor, out) {
  // What `create(null)` makes has a map of its own for each object that is frozen, and slower properties.
  const object = setPrototypeOf({}, null);
  const made = new SafeMap();
  for (let i = 0; i < exports.length; i++) {
    const at = EXPORTS_AT + i * EXPORT_STRIDE;
    // There is no setter in the way, `__proto__` included.
    object[exports[i].name] = createExport(anchor, exports[i], out[at], out[at + 1], out[at + 2], made);
  }
  return freeze(object);
}

/** `extra` is a function's owner, or whether the rest is imported, so that there may be an object for it already. */
function createExport(anchor, { kind, signature }, number, extra, index, made) {
  if (kind === 'function') {
    return extra === anchor.id ? exportedFunction(anchor, index, number, signature) : functionAt(number);
  }
  const key = `${kind} ${number}`;
  let object = made.get(key);
  if (object) return object;
  const { existing, fresh, holders } = OBJECTS[kind];
  object = extra === 1 ? existing(number) : fresh(number);
  made.set(key, object);
  if (holders && holdsReferences(signature)) holders(object).share(anchor);
  return object;
}

/** How objects for what instances export are found and made. */
const OBJECTS = {
  __proto__: null,
  table: { existing: tableObject, fresh: (id) => new Table(EXISTING, id), holders: holdersOfTable },
  memory: { existing: memoryObject, fresh: (id) => new Memory(EXISTING, id) },
  global: { existing: globalObject, fresh: (id) => new Global(EXISTING, id), holders: holdersOfGlobal },
  tag: { existing: tagObject, fresh: tagObject },
};

/** https://webassembly.github.io/spec/js-api/#asynchronously-instantiate-a-webassembly-module */
async function instantiateAsync(module, importObject, what) {
  const imports = readImports(module, importObject, what);
  await undefined;
  return new Instance(EXISTING, instantiate(module, imports, what));
}

module.exports = { Instance, readImports, instantiate, instantiateAsync };
