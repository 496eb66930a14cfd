'use strict';
// Compiles and instantiates .wasm files that are imported: the part of the loader that runs beside the program.

const { readFileSync } = require('node:fs');
const { fileURLToPath } = require('node:url');
const { WebAssembly, WASI } = require('../../index.js');
const { checkIntegrity } = require('./integrity');
const { observingImports, reachesGlobals, refreshingExports, watch } = require('./live');

/** The globals of wasm modules by namespace: importing wasm modules link to these, not to their values. */
const exportsOf = new WeakMap();

/** Compiled files by URL and integrity. */
const compiled = new Map();

let wasiOptions = {};

function setWasiOptions(options) {
  wasiOptions = options;
}

const COMPILE_OPTIONS = { builtins: ['js-string'], importedStringConstants: 'wasm:js/string-constants' };

/** The file of a URL; queries and fragments make other modules of the same file. */
function fileOf(url) {
  const plain = new URL(url);
  plain.search = '';
  plain.hash = '';
  return fileURLToPath(plain);
}

/** @returns {WebAssembly.Module} */
function compile({ url, integrity = '' }) {
  const file = fileOf(url);
  const key = `${file} ${integrity}`;
  let module = compiled.get(key)?.deref();
  if (module) return module;
  const bytes = readFileSync(file);
  checkIntegrity(bytes, integrity, file);
  try {
    module = new WebAssembly.Module(bytes, COMPILE_OPTIONS);
  } catch (error) {
    throw named(error, `${file}: ${error.message}`);
  }
  compiled.set(key, new WeakRef(module));
  return module;
}

/** An error of the same class with another message. */
function named(error, message) {
  return Object.defineProperty(error, 'message', {
    value: message,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

/** The value of an import, in the namespace of the module that it comes from. */
function importedValue(file, { module, name, field }, specifier, namespace) {
  const raw = exportsOf.get(namespace);
  try {
    if (raw && Object.hasOwn(raw, field)) return raw[field];
    if (field in namespace) return namespace[field];
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    throw new ReferenceError(
      `${file} imports "${module}" "${name}" from "${specifier}", which has not been evaluated yet, because the modules ` +
        'import each other in a cycle; import the other module first, or export a function declaration there',
      { cause },
    );
  }
  if (specifier.endsWith('.json') && Object.hasOwn(namespace.default ?? {}, field)) {
    return namespace.default[field];
  }
  const exported = Object.keys(namespace).join(', ') || 'nothing';
  throw new SyntaxError(
    `${file} imports "${module}" "${name}", but "${specifier}" has no export "${field}"; it exports ${exported}. ` +
      `Export it there, or map "${module}#${name}" in an import map`,
  );
}

function wasiFor(items) {
  if (!items.some(({ from }) => from < 0)) return undefined;
  const version = items.some(({ from, module }) => from < 0 && module === 'wasi_unstable')
    ? 'unstable'
    : 'preview1';
  return new WASI({ version, args: [], env: {}, preopens: {}, returnOnExit: true, ...wasiOptions });
}

function importObject(file, { items, specifiers }, namespaces, wasi) {
  const imports = Object.create(null);
  for (const item of items) {
    const from = (imports[item.module] ??= Object.create(null));
    from[item.name] =
      item.from < 0
        ? wasi.wasiImport[item.name]
        : importedValue(file, item, specifiers[item.from], namespaces[item.from]);
  }
  return imports;
}

/** Adds the file and the importing statement to what the engine says about an import. */
function linkError(error, file, { items, specifiers }) {
  const index = error.message?.match(/Import #(\d+)/)?.[1];
  const item = index === undefined ? undefined : items[index];
  const hint = item && item.from >= 0 ? `; "${item.field}" comes from "${specifiers[item.from]}"` : '';
  const advice = item ? '. Export a value of that type there, or map the import elsewhere' : '';
  return named(error, `${file}: ${error.message}${hint}${advice}`);
}

/** Instantiates a module and returns its exports as WebAssembly has them. */
function instantiate(request, namespaces) {
  const module = compile(request);
  const file = fileOf(request.url);
  const wasi = wasiFor(request.items);
  const imports = importObject(file, request, namespaces, wasi);
  const isLive = request.isLive || reachesGlobals(imports);
  let instance;
  try {
    instance = new WebAssembly.Instance(module, isLive ? observingImports(imports) : imports);
  } catch (error) {
    throw error instanceof WebAssembly.LinkError || error instanceof TypeError
      ? linkError(error, file, request)
      : error;
  }
  if (wasi) startWasi(wasi, instance);
  return isLive ? refreshingExports(instance.exports) : instance.exports;
}

function startWasi(wasi, instance) {
  const { memory, _initialize, _start } = instance.exports;
  if (memory === undefined) return;
  if (_initialize !== undefined && _start === undefined) wasi.initialize(instance);
  else wasi.finalizeBindings(instance);
}

/** What JavaScript sees of an export: globals are their values. */
function unwrapped(value) {
  if (!(value instanceof WebAssembly.Global)) return value;
  try {
    return value.value;
  } catch {
    // There are no JavaScript values for v128.
    return undefined;
  }
}

/**
 * Evaluates a wasm module.
 * @param {object} request what source.js wrote down about the module
 * @param {object[]} namespaces of the modules that it imports from
 * @param {object} [self] its own namespace
 */
function evaluate(request, namespaces, self) {
  const exports = instantiate(request, namespaces);
  if (self) exportsOf.set(self, exports);
  const values = request.names.map((name) => unwrapped(exports[name]));
  return { values, watch: (i, set) => watch(exports[request.names[i]], set, unwrapped) };
}

module.exports = { compile, evaluate, instantiate, unwrapped, exportsOf, setWasiOptions };
