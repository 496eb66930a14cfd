'use strict';
// JavaScript functions that native code can stand in for: linking binds them to it, so that wasm calls it directly.

const { SafeWeakMap } = require('./primordials');

const bindings = new SafeWeakMap();

/**
 * @param {Function} func
 * @param {{ number: number, signature: string, owner: object }} binding what native code knows it by, the only type that
 *   it can be linked with, and what has to live as long as whoever is linked to it
 */
function bindNatively(func, binding) {
  bindings.set(func, binding);
}

const nativeBinding = (func) => bindings.get(func);

module.exports = { bindNatively, nativeBinding };
