// node examples/lz4/bench.mjs: the C library as wasm beside a package in JavaScript and a native addon.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { loadBinding } from './load.mjs';

const require = createRequire(import.meta.url);
const js = require('lz4js');
const native = require('lz4-napi');
const wasm = await loadBinding();

const ROUNDS = 15;
/** Four megabytes of different files. */
const folder = path.join(path.dirname(require.resolve('prettier')), 'plugins');
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.mjs'))
  .sort();
const data = Buffer.concat(files.map((name) => readFileSync(path.join(folder, name)))).subarray(0, 4 << 20);

/** lz4js wants a table of hashes, and the target. */
function compressJs(source) {
  const target = new Uint8Array(js.compressBound(source.length));
  const size = js.compressBlock(source, target, 0, source.length, new Uint32Array(1 << 16));
  return target.subarray(0, size);
}

function decompressJs(source, size) {
  const target = new Uint8Array(size);
  js.decompressBlock(source, target, 0, source.length, 0);
  return target;
}

const CANDIDATES = {
  'C as wasm, Gantry': { compress: wasm.compress, decompress: wasm.decompress },
  'JavaScript, lz4js': { compress: compressJs, decompress: decompressJs },
  // It puts the size in front.
  'native addon, lz4-napi': {
    compress: (source) => native.compressSync(source),
    decompress: (source) => native.uncompressSync(source),
  },
};

function best(work) {
  let least = Infinity;
  for (let i = 0; i < ROUNDS; i++) {
    const started = performance.now();
    work();
    least = Math.min(least, performance.now() - started);
  }
  return data.length / 1e6 / (least / 1e3);
}

console.log(`${data.length.toLocaleString('en')} bytes of JavaScript, MB/s`);
console.log('                        compress  decompress  ratio');
for (const [name, { compress, decompress }] of Object.entries(CANDIDATES)) {
  const packed = compress(data);
  assert.deepEqual(Buffer.from(decompress(packed, data.length)), data);
  const speeds = [best(() => compress(data)), best(() => decompress(packed, data.length))];
  const columns = speeds.map((speed) => speed.toFixed(0).padStart(10)).join('');
  console.log(`${name.padEnd(22)}${columns}  ${(data.length / packed.length).toFixed(1).padStart(8)}`);
}
process.exit(0);
