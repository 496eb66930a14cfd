'use strict';
// Plugins with which bundlers take .wasm files, for bundles that run in Node.js.

module.exports = require('./js/esm/bundler');
