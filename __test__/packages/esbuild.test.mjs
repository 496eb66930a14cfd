// esbuild-wasm: a Go program of 14 MB, run in this thread, transforms a real TypeScript file of rxjs.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, require, sha256, sizeOf } from '../helpers/package.mjs';

packageTest(import.meta, 'esbuild-wasm', async (used) => {
  globalThis.self ??= globalThis;
  const esbuild = require('esbuild-wasm/lib/browser.js');
  const wasmModule = await WebAssembly.compile(readPackageFile('esbuild-wasm/esbuild.wasm'));
  await esbuild.initialize({ wasmModule, worker: false });
  assert.deepEqual(used.compiled, [sizeOf('esbuild-wasm/esbuild.wasm')]);

  const small = await esbuild.transform('const x: number = 1 + 2; export default <T,>(a: T) => a ?? x', {
    loader: 'ts',
    minify: true,
    target: 'es2019',
  });
  assert.equal(small.code, 'const t=3;export default e=>e!=null?e:3;\n');
  await checkRealFile(esbuild);
  await assert.rejects(esbuild.transform('let = = 1', { logLevel: 'silent' }), /Unexpected "="/);
});

async function checkRealFile(esbuild) {
  const source = readPackageFile('rxjs/src/internal/testing/TestScheduler.ts', 'utf8');
  const options = { loader: 'ts', target: 'es2018', sourcemap: 'external', sourcefile: 'TestScheduler.ts' };
  const { code, map, warnings } = await esbuild.transform(source, options);
  assert.deepEqual(warnings, []);
  assert.equal(sha256(code), '1e5f571e2560f07dee31e564bb50f1b1e373742745ed74bee6cd8bc97a41ad7c');
  assert.equal(sha256(map), 'e76040002d8bb1dbc0d323df18f7838aa492f1ec42a7f54af526782470fd4f7e');
}
