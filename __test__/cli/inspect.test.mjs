// gantry inspect: what is in a module.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gantry, withFiles } from '../helpers/cli.mjs';
import { wat } from '../helpers/wat.mjs';

const MODULE = `(module
  (import "env" "log" (func (param i32 i64)))
  (memory (export "memory") 1 16)
  (table (export "t") 2 funcref)
  (global (export "g") (mut f64) (f64.const 0))
  (func (export "swap") (param i32 i64) (result i64 i32) local.get 1 local.get 0)
  (func (param v128) (result i32) local.get 0 i32x4.all_true)
  (data (i32.const 0) "abc"))`;

test('as JSON', async () => {
  const { code, stdout } = await gantry(['inspect', '--json', '-'], { input: MODULE });
  assert.equal(code, 0);
  const contents = JSON.parse(stdout);
  assert.deepEqual(contents.imports, [{ module: 'env', name: 'log', type: 'function (i32, i64) -> ()' }]);
  assert.deepEqual(contents.exports, [
    { name: 'memory', type: 'memory 1..16' },
    { name: 't', type: 'table 2.. funcref' },
    { name: 'g', type: 'global mut f64' },
    { name: 'swap', type: 'function (i32, i64) -> (i64, i32)' },
  ]);
  assert.deepEqual(contents.features, ['mutable-globals', 'multi-value', 'simd']);
  const code_ = contents.sections.find(({ name }) => name === 'code');
  assert.equal(code_.entries, 2);
  assert.deepEqual(contents.code, { functions: 2, cached: false, codeBytes: 0 });
  const last = contents.sections.at(-1);
  assert.ok(last.offset + last.size <= contents.size);
});

test('as text', async () => {
  const { stdout } = await gantry(['inspect', '-'], { input: MODULE });
  assert.match(stdout, /features beyond WebAssembly 1\.0: mutable-globals, multi-value, simd/);
  assert.match(stdout, /env log +function \(i32, i64\) -> \(\)/);
});

test('machine code that the cache has', async () => {
  const filler = '(func (param i32) (result i32) local.get 0 i32.const 77 i32.mul)'.repeat(400);
  await withFiles({ 'a.wasm': wat(`(module ${filler})`) }, async (folder, at) => {
    const env = { GANTRY_CACHE: `${folder}/cache`, GANTRY_TIER: 'optimized' };
    const before = await gantry(['inspect', at('a.wasm')], { env });
    assert.match(before.stdout, /^400 functions; machine code: not in the cache$/m);
    await gantry(['run', '--invoke', 'none', at('a.wasm')], { env });
    const after = await gantry(['inspect', at('a.wasm')], { env });
    assert.match(after.stdout, /^400 functions; machine code: [\d,]+ bytes in the cache$/m);
  });
});

test('modules that this engine cannot run', async () => {
  const { stdout } = await gantry(['inspect', '--json', '-'], {
    input:
      '(module (type $s (struct (field i32))) (func (export "f") (result (ref $s)) struct.new_default $s))',
  });
  assert.ok(JSON.parse(stdout).features.includes('gc'));
});

test('what is not valid', async () => {
  await withFiles({ 'bad.wasm': Buffer.from('\0asm\x01\0\0\0\x01\x05', 'latin1') }, async (_, at) => {
    const { code, stderr } = await gantry(['inspect', at('bad.wasm')]);
    assert.equal(code, 1);
    assert.match(stderr, /bad\.wasm is not valid: .*offset/);
  });
  assert.equal((await gantry(['inspect'])).code, 2);
});
