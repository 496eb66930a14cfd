'use strict';
// The package: a WebAssembly namespace of its own engine, the system interface for programs, and the resolver.

const { MissingBinary } = require('./js/addon');
const { withKeptCode } = require('./js/code');

function load() {
  try {
    return withKeptCode((require) => ({
      WebAssembly: require('./api/namespace').WebAssembly,
      WASI: require('./wasi/wasi').WASI,
    }));
  } catch (error) {
    if (!(error instanceof MissingBinary)) throw error;
    return require('./js/fallback').fallback(error);
  }
}

module.exports = { ...load(), resolve: (...args) => require('./js/esm/resolver').resolve(...args) };
