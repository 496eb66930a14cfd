'use strict';
// Live bindings of mutable globals: JavaScript sees their new values whenever wasm that can change them gives control
// back.

const { WebAssembly } = require('../../index.js');

/** Bindings to keep up to date. */
const watched = [];

function refresh() {
  for (const binding of watched) {
    const value = binding.read(binding.global);
    if (!Object.is(value, binding.last)) binding.set((binding.last = value));
  }
}

/** A function that JavaScript provides: it has to see what wasm did before. */
function observing(value) {
  if (typeof value !== 'function' || isExported(value)) return value;
  const func = (...args) => {
    refresh();
    return value(...args);
  };
  return Object.defineProperty(func, 'name', { value: value.name, configurable: true });
}

function isExported(value) {
  if (WebAssembly.engine === 'builtin')
    return /\[native code\]/.test(Function.prototype.toString.call(value));
  const { isExportedFunction } = require('../identity');
  const { nativeBinding } = require('../native');
  return isExportedFunction(value) || nativeBinding(value) !== undefined;
}

/** Exported Functions after which bindings are up to date; the same object for the same function. */
const refreshing = new WeakMap();

function refreshingFunction(func) {
  const known = refreshing.get(func);
  if (known) return known;
  const wrapper = (...args) => {
    try {
      return func(...args);
    } finally {
      refresh();
    }
  };
  Object.defineProperty(wrapper, 'name', { value: func.name, configurable: true });
  Object.defineProperty(wrapper, 'length', { value: func.length, configurable: true });
  refreshing.set(func, wrapper);
  refreshing.set(wrapper, wrapper);
  if (WebAssembly.engine !== 'builtin') takeIdentity(wrapper, func);
  return wrapper;
}

/** Makes the wrapper the Exported Function for the wasm function, so that wasm links to that and not to JavaScript. */
function takeIdentity(wrapper, func) {
  const { identify, addressOf, anchorOfFunction } = require('../identity');
  const anchor = anchorOfFunction(func);
  identify(wrapper, addressOf(func), anchor);
  anchor.functions.forEach((known, index) => {
    if (known === func) anchor.functions.set(index, wrapper);
  });
}

/** Whether a call of the function can change globals of other instances that JavaScript sees. */
const isRefreshing = (value) => typeof value === 'function' && refreshing.get(value) === value;

/** Whether an instance with these imports can change such globals. */
const reachesGlobals = (imports) =>
  Object.values(imports).some((module) => Object.values(module).some(isRefreshing));

/** The imports of an instance with mutable globals. */
function observingImports(imports) {
  for (const module of Object.values(imports)) {
    for (const [name, value] of Object.entries(module)) module[name] = observing(value);
  }
  return imports;
}

/** The exports of an instance with mutable globals. */
function refreshingExports(exports) {
  const live = Object.create(null);
  for (const [name, value] of Object.entries(exports)) {
    live[name] = typeof value === 'function' ? refreshingFunction(value) : value;
  }
  return live;
}

/** Keeps a binding up to date: calls `set` when what `read` gives for the global has changed. */
function watch(global, set, read) {
  watched.push({ global, set, read, last: read(global) });
}

module.exports = { observingImports, reachesGlobals, refreshingExports, watch };
