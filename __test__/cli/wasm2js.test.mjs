// gantry wasm2js: JavaScript that gives the answers of the module, without WebAssembly.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../helpers/engine.mjs';
import { node, project } from '../helpers/project.mjs';

const CLI = path.join(root, 'js/cli/main.js');

const MODULE = `(module (import "./env.mjs" "twice" (func $twice (param i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 4) "gantry")
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "bits") (param f64) (result i32)
    (i32.wrap_i64 (i64.mul (i64.shr_u (i64.reinterpret_f64 (local.get 0)) (i64.const 31)) (i64.const 77777777777))))
  (func (export "quad") (param i32) (result i32) (call $twice (call $twice (local.get 0)))))`;

const FILES = {
  'calc.wasm': MODULE,
  'calc.wat': MODULE,
  'env.mjs': 'export const twice = (x) => 2 * x;',
  'main.mjs': `delete globalThis.WebAssembly;
    const { fib, bits, quad, memory } = await import('./calc.wasm.js');
    const expected = Number(BigInt.asIntN(32, (new BigUint64Array(new Float64Array([1.2345e67]).buffer)[0] >> 31n) * 77777777777n));
    console.log(fib(20), bits(1.2345e67) === expected, quad(5), Buffer.from(memory.buffer, 4, 6).toString());`,
  'package.json': { type: 'module' },
};

test('the translation needs no WebAssembly and gives the same answers', async () => {
  for (const [flags, file] of [
    [[], 'calc.wasm'],
    [['-O', '-o', 'calc.wasm.js'], 'calc.wat'],
  ]) {
    const folder = project(FILES);
    const { code, stdout, stderr } = await node(folder, [CLI, 'wasm2js', ...flags, file]);
    assert.deepEqual([code, stdout], [0, 'calc.wasm.js'], stderr);
    const run = await node(folder, ['main.mjs']);
    assert.equal(run.stdout, '6765 true 20 gantry', run.stderr);
  }
});

test('what cannot be translated, or read, is named', async () => {
  const folder = project({
    'simd.wasm': '(module (func (export "f") (result v128) (v128.const i32x4 1 2 3 4)))',
    'bad.wasm': Buffer.from('no module'),
  });
  const simd = await node(folder, [CLI, 'wasm2js', 'simd.wasm']);
  assert.equal(simd.code, 1);
  assert.match(simd.stderr, /gantry: simd\.wasm cannot be translated: \S/);
  assert.equal(existsSync(path.join(folder, 'simd.wasm.js')), false);
  const bad = await node(folder, [CLI, 'wasm2js', 'bad.wasm']);
  assert.match(bad.stderr, /bad\.wasm is neither a binary WebAssembly module/);
  assert.equal((await node(folder, [CLI, 'wasm2js'])).code, 2);
});

test('without the package binaryen it says how to get it', async () => {
  const folder = project({ 'calc.wasm': MODULE, 'without.cjs': WITHOUT });
  const { code, stderr } = await node(folder, ['--require', './without.cjs', CLI, 'wasm2js', 'calc.wasm']);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /wasm2js needs the package binaryen, which is not installed in .*: npm install --save-dev binaryen/,
  );
});

/** Hides what is installed in this clone. */
const WITHOUT = `const Module = require('node:module');
  const find = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    return find.call(this, request.replace(/^binaryen/, 'no-binaryen'), ...rest);
  };`;
