// gantry types: declarations that tsc --strict accepts, and that describe what the loader gives.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../helpers/engine.mjs';
import { node, project } from '../helpers/project.mjs';
import { wat } from '../helpers/wat.mjs';

const CLI = path.join(root, 'js/cli/main.js');
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const MODULE = `(module
  (import "env" "log" (func $log (param $level i32) (param $text externref)))
  (tag (export "failed") (param i32)) (memory (export "memory") 1) (table (export "table") 1 funcref)
  (global (export "limit") i64 (i64.const 3)) (global (export "count") (mut i32) (i32.const 0))
  (func (export "hash") (param $bytes i32) (param $length i32) (param $seed i64) (result i64) (local.get $seed))
  (func (export "divmod") (param $a i32) (param $class i32) (result i32 f64 i64) (i32.const 1) (f64.const 2) (i64.const 3))
  (func (export "nothing"))
  (func (export "find") (param $key externref) (result funcref) (ref.null func))
  (func (export "two words") (param i32) (param i32))
  (func (export "default") (result f32) (f32.const 1)))`;

const CONFIG = {
  compilerOptions: {
    ...{ strict: true, noEmit: true, target: 'ES2022', module: 'NodeNext', allowArbitraryExtensions: true },
    ...{ lib: ['ES2022', 'DOM'], types: [], skipLibCheck: false },
  },
  files: ['use.ts'],
};

const USE = `import one, { hash, divmod, nothing, find, limit, count, memory, table, failed } from './hash.wasm';
import * as all from './hash.wasm';
const h: bigint = hash(0, 4, 5n);
const [quotient, rest, big]: [number, number, bigint] = divmod(1, 2);
const n: void = nothing();
const f: Function | null = find({});
const l: bigint = limit; const c: number = count; const m: ArrayBuffer | SharedArrayBuffer = memory.buffer;
const t: object = failed; const s: number = table.length; const x: number = one();
all['two words'](1, 2);
export { h, quotient, rest, big, n, f, l, c, m, s, t, x };
`;

const compile = (folder) => node(folder, [TSC, '-p', '.']);

test('declarations are accepted by tsc --strict, and wrong uses are not', async () => {
  const folder = project({
    'hash.wasm': MODULE,
    'use.ts': USE,
    'tsconfig.json': CONFIG,
    'package.json': { type: 'module' },
  });
  const { code, stdout, stderr } = await node(folder, [CLI, 'types', 'hash.wasm']);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'hash.d.wasm.ts');
  const text = readFileSync(path.join(folder, 'hash.d.wasm.ts'), 'utf8');
  assert.match(text, /export function hash\(bytes: number, length: number, seed: bigint\): bigint;/);
  assert.match(text, /export function divmod\(a: number, arg1: number\): \[number, number, bigint\];/);
  assert.match(text, /"env" "log": \(level: number, text: any\) => void/);
  assert.equal((await compile(folder)).stdout, '');

  writeFileSync(
    path.join(folder, 'use.ts'),
    `import { hash, limit, none } from './hash.wasm';\nhash(1, 2, 3);\nhash(1);\nlimit = 4n;\nnone;\n`,
  );
  const errors = (await compile(folder)).stdout;
  for (const [line, code] of [
    [1, 2614],
    [2, 2345],
    [3, 2554],
    [4, 2632],
  ]) {
    assert.match(errors, new RegExp(`use\\.ts\\(${line},\\d+\\): error TS${code}`), errors);
  }
});

test('--check finds stale declarations', async () => {
  const folder = project({ 'a.wasm': '(module (func (export "f")))' });
  const check = () => node(folder, [CLI, 'types', '--check', 'a.wasm']);
  assert.equal((await check()).code, 1);
  await node(folder, [CLI, 'types', 'a.wasm']);
  assert.equal((await check()).code, 0);
  writeFileSync(path.join(folder, 'a.wasm'), wat('(module (func (export "g")))'));
  const { code, stderr } = await check();
  assert.equal(code, 1);
  assert.match(stderr, /a\.d\.wasm\.ts is missing or stale: gantry types a\.wasm/);
});

test('--watch writes again when the file changes', async () => {
  const folder = project({
    'a.wasm': '(module (func (export "f")))',
    'next.wasm': '(module (func (export "g")))',
  });
  const watcher = spawn(process.execPath, [CLI, 'types', '--watch', 'a.wasm'], { cwd: folder });
  try {
    await once(watcher.stdout, 'data');
    renameSync(path.join(folder, 'next.wasm'), path.join(folder, 'a.wasm'));
    await once(watcher.stdout, 'data');
    assert.match(readFileSync(path.join(folder, 'a.d.wasm.ts'), 'utf8'), /function g\(\): void/);
  } finally {
    watcher.kill();
  }
});

test('files that are no modules are named', async () => {
  const folder = project({ 'bad.wasm': Buffer.from('nonsense'), 'x.txt': 'x' });
  const bad = await node(folder, [CLI, 'types', 'bad.wasm']);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /bad\.wasm is neither a binary WebAssembly module/);
  assert.equal((await node(folder, [CLI, 'types', 'x.txt'])).code, 2);
});
