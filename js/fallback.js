'use strict';
// What the package is where no binary fits: Node's own engine, for what that can do.

let hasWarned = false;

function warn(reason) {
  if (hasWarned) return;
  hasWarned = true;
  const message = `${reason.message}. Node's own WebAssembly is used instead: no isolation of WASI, limits or native linking`;
  process.emitWarning(message, { type: 'GantryWarning', code: reason.code });
}

/** The package's exports over the built-in engine. */
function fallback(reason) {
  warn(reason);
  const descriptors = Object.getOwnPropertyDescriptors(globalThis.WebAssembly);
  const WebAssembly = Object.create(Object.prototype, {
    ...descriptors,
    engine: { value: 'builtin', configurable: true },
  });
  return {
    WebAssembly,
    get WASI() {
      return require('node:wasi').WASI;
    },
    // Node's own engine has no such settings.
    configure() {},
  };
}

module.exports = { fallback };
