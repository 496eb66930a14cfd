// @swc/wasm: 18 MB of Rust, compiled synchronously when the package is loaded.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, require, sha256, sizeOf } from '../helpers/package.mjs';

packageTest(import.meta, '@swc/wasm', async (used) => {
  const swc = require('@swc/wasm');
  assert.ok(used.compiled.includes(sizeOf('@swc/wasm/wasm_bg.wasm')));

  const jsc = { parser: { syntax: 'typescript' }, target: 'es2022' };
  const enumeration = swc.transformSync('enum E { A = 1, B } export { E }', { jsc, minify: true });
  assert.equal(
    enumeration.code,
    'var E=/*#__PURE__*/function(E){E[E["A"]=1]="A";E[E["B"]=2]="B";return E}(E||{});export{E};',
  );

  const source = readPackageFile('rxjs/src/internal/testing/TestScheduler.ts', 'utf8');
  const options = { jsc: { ...jsc, target: 'es5', minify: { compress: true, mangle: true } }, minify: true };
  const { code } = swc.transformSync(source, options);
  assert.equal(code.length, 11_972);
  assert.equal(sha256(code), '7d180d2fb1ebc4887d790b5c45442be2c30d8e634606397030384c63d4c5f511');
  assert.throws(
    () => swc.transformSync('let = = ;', {}),
    (error) => /Expression expected/.test(String(error)),
  );
});
