'use strict';
// The package: a WebAssembly namespace of its own engine, the system interface for programs, and the resolver.

const { MissingBinary } = require('./js/addon');
const { preload } = require('./js/code');

function load() {
  try {
    preload(['./api/namespace', './wasi/wasi']);
    return {
      WebAssembly: require('./js/api/namespace').WebAssembly,
      WASI: require('./js/wasi/wasi').WASI,
    };
  } catch (error) {
    if (!(error instanceof MissingBinary)) throw error;
    return require('./js/fallback').fallback(error);
  }
}

module.exports = {
  resolve: (...args) => require('./js/esm/resolver').resolve(...args),
  configure: (settings) => require('./js/configure').configure(settings),
  ...load(),
};
