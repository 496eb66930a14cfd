'use strict';
// require('./x.wasm'). CommonJS has modules of its own, so that the instance is not the one that an import of the file
// gives; exports are properties, of which globals have getters.

const Module = require('node:module');
const { readFileSync } = require('node:fs');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { compile, instantiate, unwrapped, exportsOf } = require('./evaluate');
const { interfaceOf, importsBySpecifier } = require('./source');

/** @param {import('./hooks').Loader} loader */
function requireWasm(loader, filename) {
  const url = pathToFileURL(filename).href;
  const integrity = loader.integrity(url);
  const found = interfaceOf(readFileSync(filename), filename);
  const lookup = (specifier) => loader.lookup(specifier, url);
  const { specifiers, items } = importsBySpecifier(found.imports, lookup);
  const require = Module.createRequire(filename);
  const namespaces = specifiers.map((specifier) => required(require, loader, specifier, url));
  const isLive = [...found.imports, ...found.exports].some(
    ({ kind, mutable }) => kind === 'global' && mutable,
  );
  const names = found.exports.map(({ name }) => name);
  const exports = instantiate({ url, integrity, items, specifiers, names, isLive }, namespaces);
  return exportsObject(exports);
}

function required(require, loader, specifier, url) {
  const mapped = loader.mapped(specifier, url);
  const target = mapped.startsWith('file:') ? fileURLToPath(mapped) : mapped;
  try {
    const exports = require(target);
    return exports !== null && ['object', 'function'].includes(typeof exports)
      ? exports
      : { default: exports };
  } catch (error) {
    if (error instanceof Error) {
      error.message += `\nThe WebAssembly module ${fileURLToPath(url)}, which is loaded by require(), imports from "${specifier}"`;
    }
    throw error;
  }
}

function exportsObject(exports) {
  const object = Object.create(null);
  for (const [name, value] of Object.entries(exports)) {
    Object.defineProperty(object, name, { get: () => unwrapped(value), enumerable: true });
  }
  exportsOf.set(object, exports);
  return Object.freeze(object);
}

/** Makes require() take .wasm files. */
function registerRequire(loader) {
  Module._extensions['.wasm'] = (module, filename) => {
    module.exports = requireWasm(loader, filename);
  };
}

module.exports = { registerRequire, compile };
