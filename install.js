'use strict';
// Makes Gantry's WebAssembly the global one of the process: node --import gantry-wasm/install app.mjs

const { WebAssembly } = require('./index.js');

Object.defineProperty(globalThis, 'WebAssembly', {
  value: WebAssembly,
  writable: true,
  enumerable: false,
  configurable: true,
});
