// Projects that import .wasm files, bundled for Node.js: the bundles run on Gantry.

import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import { build as vite } from 'vite';
import webpack from 'webpack';
import * as plugins from 'gantry-wasm/bundler';
import { node, project } from '../helpers/project.mjs';

const FILES = {
  'package.json': { type: 'module', private: true },
  'src/main.mjs': `import { hash, count, memory } from './hash.wasm';
    import { log } from './log.mjs';
    import { WebAssembly } from 'gantry-wasm';
    hash(0, 4);
    console.log(hash(0, 8), count, log.join(), memory instanceof WebAssembly.Memory);`,
  'src/log.mjs': `import { count } from './hash.wasm';
    export const log = []; export function note(x) { log.push(x + count); }`,
  'src/hash.wasm': `(module (import "./log.mjs" "note" (func $note (param i32)))
    (import "./lib.wasm" "mix" (func $mix (param i32 i32) (result i32))) (import "./lib.wasm" "memory" (memory 1))
    (import "./lib.wasm" "rounds" (global $rounds (mut i32)))
    (global $count (export "count") (mut i32) (i32.const 0)) (export "memory" (memory 0))
    (func (export "hash") (param i32 i32) (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (call $note (local.get 1))
      (i32.add (global.get $rounds) (call $mix (i32.load (local.get 0)) (local.get 1)))))`,
  'src/lib.wasm': `(module (memory (export "memory") 1) (data (i32.const 0) "\\07") (global $rounds (export "rounds") (mut i32) (i32.const 100))
    (func (export "mix") (param i32 i32) (result i32)
      (global.set $rounds (i32.add (global.get $rounds) (i32.const 1)))
      (i32.mul (local.get 0) (local.get 1))))`,
};
const EXPECTED = '157 2 5,10 true';

/** Runs the bundle, without what it was made of. */
async function run(folder, file, args = []) {
  rmSync(path.join(folder, 'src'), { recursive: true, force: true });
  const { code, stdout, stderr } = await node(folder, [...args, path.join('dist', file)]);
  assert.equal(code, 0, stderr);
  return stdout;
}

const wasmIn = (folder) =>
  readdirSync(path.join(folder, 'dist'), { recursive: true }).filter((file) => file.endsWith('.wasm'));

const ESBUILD = {
  ...{ bundle: true, platform: 'node', logLevel: 'silent', outdir: 'dist' },
  plugins: [plugins.esbuild()],
};

for (const [format, extension] of [
  ['esm', '.mjs'],
  ['cjs', '.cjs'],
]) {
  test(`esbuild, ${format}`, async () => {
    const folder = project(FILES);
    const options = { ...ESBUILD, absWorkingDir: folder, format, outExtension: { '.js': extension } };
    await esbuild.build({ ...options, entryPoints: ['src/main.mjs'] });
    assert.equal(await run(folder, `main${extension}`), EXPECTED);
    assert.equal(wasmIn(folder).length, 2);
  });

  test(`Rollup, ${format}`, async () => {
    const folder = project(FILES);
    const options = { input: path.join(folder, 'src/main.mjs'), external: ['gantry-wasm'] };
    const bundle = await rollup({ ...options, plugins: [plugins.rollup()], onwarn: () => {} });
    const dir = path.join(folder, 'dist');
    await bundle.write({ dir, format, entryFileNames: `[name]${extension}` });
    assert.equal(await run(folder, `main${extension}`), EXPECTED);
    assert.equal(wasmIn(folder).length, 2);
  });
}

test('Vite, for servers', async () => {
  const folder = project(FILES);
  await vite({
    ...{ root: folder, logLevel: 'silent', configFile: false, plugins: [plugins.rollup()] },
    build: { ssr: 'src/main.mjs', outDir: 'dist', ssrEmitAssets: true },
  });
  assert.equal(await run(folder, 'main.js'), EXPECTED);
});

test('webpack, with its own modules of WebAssembly', async () => {
  const folder = project({
    ...FILES,
    // webpack has no live bindings of globals; they are objects.
    'src/main.mjs': FILES['src/main.mjs'].replace(', count, log', ', count.value, log'),
    'src/log.mjs': FILES['src/log.mjs'].replace('+ count', '+ count.value'),
  });
  const compiler = webpack({
    ...{ mode: 'production', target: 'node20', context: folder, entry: './src/main.mjs' },
    experiments: { asyncWebAssembly: true, outputModule: true },
    output: { path: path.join(folder, 'dist'), filename: 'main.mjs', module: true, chunkFormat: 'module' },
    externals: { 'gantry-wasm': 'import gantry-wasm' },
  });
  const stats = await new Promise((resolve, reject) =>
    compiler.run((error, result) => (error ? reject(error) : resolve(result))),
  );
  assert.equal(stats.hasErrors(), false, stats.toString());
  assert.equal(await run(folder, 'main.mjs', ['--import', 'gantry-wasm/install']), EXPECTED);
  assert.equal(wasmIn(folder).length, 2);
});

const MODULE = {
  'package.json': { type: 'module' },
  'main.mjs': `import module from './uses.wasm?module';
    import { f } from './uses.wasm';
    import { WebAssembly } from 'gantry-wasm';
    console.log(module instanceof WebAssembly.Module, f());`,
  'uses.wasm':
    '(module (import "env" "value" (func $value (result i32))) (func (export "f") (result i32) (call $value)))',
  'one.mjs': 'export const value = () => 1;',
  'two.mjs': 'export const other = () => 2;',
};

const BUNDLE = {
  esbuild: (folder, importMap) =>
    esbuild.build({
      ...{ ...ESBUILD, absWorkingDir: folder, entryPoints: ['main.mjs'], format: 'esm' },
      outExtension: { '.js': '.mjs' },
      plugins: [plugins.esbuild({ importMap })],
    }),
  Rollup: async (folder, importMap) => {
    const input = path.join(folder, 'main.mjs');
    const bundle = await rollup({
      input,
      external: ['gantry-wasm'],
      plugins: [plugins.rollup({ importMap })],
    });
    await bundle.write({ dir: path.join(folder, 'dist'), entryFileNames: '[name].mjs' });
  },
};

for (const [name, bundle] of Object.entries(BUNDLE)) {
  test(`${name}: compiled modules, and an import map per environment`, async () => {
    for (const [imports, printed] of [
      [{ env: './one.mjs' }, 'true 1'],
      [{ 'env#value': './two.mjs#other' }, 'true 2'],
    ]) {
      const folder = project({ ...MODULE, 'map.json': { imports } });
      await bundle(folder, pathToFileURL(path.join(folder, 'map.json')));
      assert.equal(await run(folder, 'main.mjs'), printed);
    }
  });

  test(`${name}: a file that is no module fails when bundling`, async () => {
    const folder = project({ ...MODULE, 'uses.wasm': Buffer.from('no module') });
    await assert.rejects(bundle(folder, undefined), /uses\.wasm is no valid WebAssembly module/);
  });
}
