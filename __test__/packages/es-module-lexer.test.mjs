// es-module-lexer: the wasm build (not the asm.js one) lexes real modules.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, require } from '../helpers/package.mjs';

packageTest(import.meta, 'es-module-lexer', async (used) => {
  const lexer = require('es-module-lexer');
  assert.match(require.resolve('es-module-lexer'), /lexer\.cjs$/);
  await lexer.init();
  assert.equal(used.compiled.length, 1);
  assert.ok(used.exports.has('parse'));

  checkSmallModule(lexer.parse);
  const [imports, exports] = lexer.parse(readPackageFile('rxjs/dist/esm/index.js', 'utf8'));
  assert.equal(imports.length, 168);
  assert.equal(exports.length, 174);
  assert.throws(() => lexer.parse('import { a from "b"'), /Parse error/);
});

function checkSmallModule(parse) {
  const source = `import a, { b } from 'x'; export const été = 1; await import('./y' + a); import.meta.url; export * as z from "q"`;
  const [imports, exports, facade, hasModuleSyntax] = parse(source);
  assert.deepEqual(
    imports.map((i) => [i.type, source.slice(i.start, i.end)]),
    [
      ['static', 'x'],
      ['dynamic', "'./y' + a"],
      ['import-meta', 'import.meta'],
      ['static', 'q'],
    ],
  );
  assert.deepEqual(
    exports.map((e) => [e.type, e.name]),
    [
      ['direct', 'été'],
      ['reexport', 'z'],
    ],
  );
  assert.equal(facade, false);
  assert.equal(hasModuleSyntax, true);
}
