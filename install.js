'use strict';
// Makes Gantry's WebAssembly the global one of the process, and its WASI that of node:wasi:
// node --import gantry-wasm/install app.mjs

const { syncBuiltinESMExports } = require('node:module');
const { WebAssembly, WASI } = require('./index.js');

Object.defineProperty(globalThis, 'WebAssembly', {
  value: WebAssembly,
  writable: true,
  enumerable: false,
  configurable: true,
});

// Node's own class refuses instances of any engine but its own.
builtinWasi().WASI = WASI;
syncBuiltinESMExports();

/** Loading the module warns that its class is experimental. It is not used. */
function builtinWasi() {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return require('node:wasi');
  } finally {
    process.emitWarning = emitWarning;
  }
}
