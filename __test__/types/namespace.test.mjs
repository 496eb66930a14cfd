// The declarations, checked by tsc under `strict`.

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { root } from '../helpers/engine.mjs';

/** What tsc has to say of a file here, with the declarations that it depends on. */
function problemsOf(file, lib) {
  const program = ts.createProgram([path.join(root, '__test__/types', file)], {
    strict: true,
    skipLibCheck: false,
    noUnusedLocals: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
  });
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName ?? ''}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

const DOM = ['lib.es2022.d.ts', 'lib.dom.d.ts'];
const NODE = ['lib.es2022.d.ts'];

test('the namespace is the one of the DOM library, and more', () => {
  assert.deepEqual(problemsOf('namespace.ts', DOM), []);
});

test('each type fits where that of the DOM library is wanted, and the reverse', () => {
  assert.deepEqual(problemsOf('compatible.ts', DOM), []);
});

test('what is beyond the specification has types, with the DOM library and without', () => {
  assert.deepEqual(problemsOf('extensions.ts', DOM), []);
  assert.deepEqual(problemsOf('extensions.ts', NODE), []);
});
