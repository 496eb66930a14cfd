// A worker that tells whether its global WebAssembly is Gantry's, and uses it.

const { parentPort } = require('node:worker_threads');
const { WebAssembly: gantry } = require('gantry-wasm');

const ADD = [
  [0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0],
  [7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11],
].flat();
const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(ADD)));
parentPort.postMessage([gantry.Module === WebAssembly.Module, instance.exports.add(40, 2)]);
