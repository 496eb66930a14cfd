'use strict';
// The package: a WebAssembly namespace of its own engine.

const { WebAssembly } = require('./js/api/namespace');

module.exports = { WebAssembly };
