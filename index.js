'use strict';
// The package: a WebAssembly namespace of its own engine, and the system interface for programs.

const { WebAssembly } = require('./js/api/namespace');
const { WASI } = require('./js/wasi/wasi');

module.exports = { WebAssembly, WASI };
