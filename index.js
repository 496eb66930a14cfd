'use strict';
// The package: a WebAssembly namespace of its own engine, the system interface for programs, and the resolver.

const { MissingBinary } = require('./js/addon');

function load() {
  try {
    return {
      WebAssembly: require('./js/api/namespace').WebAssembly,
      WASI: require('./js/wasi/wasi').WASI,
    };
  } catch (error) {
    if (!(error instanceof MissingBinary)) throw error;
    return require('./js/fallback').fallback(error);
  }
}

module.exports = { ...load(), resolve: (...args) => require('./js/esm/resolver').resolve(...args) };
