// quickjs-wasi: QuickJS built against the C library for WASI; whole heaps are saved and loaded.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, sizeOf } from '../helpers/package.mjs';

const WASM = 'quickjs-wasi/quickjs.wasm';

packageTest(import.meta, 'quickjs-wasi', async (used) => {
  const { QuickJS } = await import('quickjs-wasi');
  const wasm = await WebAssembly.compile(readPackageFile(WASM));
  assert.ok(used.compiled.includes(sizeOf(WASM)));
  const vm = await QuickJS.create({ wasm });
  const evaluate = (code) => vm.evalCode(code).toString();
  assert.equal(evaluate('[..."héllo"].reverse().join("")'), 'olléh');
  assert.equal(
    evaluate('JSON.stringify({ power: String(2n ** 100n), match: "1999-12".match(/(\\d+)-/)[1] })'),
    '{"power":"1267650600228229401496703205376","match":"1999"}',
  );
  assert.equal(evaluate('new Date(0).toISOString()'), '1970-01-01T00:00:00.000Z');
  vm.evalCode('globalThis.counter = 41');
  const snapshot = vm.snapshot();
  const restored = await QuickJS.restore(snapshot, { wasm });
  assert.equal(restored.evalCode('++counter').toNumber(), 42);
  assert.equal(vm.evalCode('counter').toNumber(), 41, 'the other one is as it was');
});
