// The loader: phases, require, workers, maps, integrity.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { failMain, runMain } from '../helpers/project.mjs';
import { wat } from '../helpers/wat.mjs';

const FORTY_TWO = `(module (func (export "f") (result i32) (i32.const 42)))`;
const USES_ENV = `(module (import "env" "value" (func $value (result i32))) (func (export "f") (result i32) (call $value)))`;
const MAIN = `import { f } from './x.wasm'; console.log(f());`;

test('source phase imports and the query give the compiled module', async () => {
  const out = await runMain({
    'x.wasm': FORTY_TWO,
    'main.mjs': `import { WebAssembly } from 'gantry-wasm';
      import source a from './x.wasm';
      import b from './x.wasm?module';
      const c = await import.source('./x' + '.wasm');
      const text = "import source q from 'x'";
      console.log(a instanceof WebAssembly.Module, a === b, a === c, new WebAssembly.Instance(a).exports.f());`,
  });
  assert.equal(out, 'true true true 42');
});

test('require of a .wasm file', async () => {
  const out = await runMain(
    {
      'x.wasm': `(module (import "./imports.cjs" "seven" (func $seven (result i32))) (global $n (export "n") (mut i32) (i32.const 1))
        (func (export "f") (result i32) (global.set $n (i32.const 2)) (call $seven)))`,
      'imports.cjs': 'exports.seven = () => 7;',
      'main.cjs': `const x = require('./x.wasm'); console.log(x.n, x.f(), x.n, require('./x.wasm') === x, Object.keys(x).join());`,
    },
    { main: 'main.cjs', args: ['--require', 'gantry-wasm/register'] },
  );
  assert.equal(out, '1 7 2 true n,f');
});

test('in worker threads', async () => {
  const out = await runMain({
    'x.wasm': FORTY_TWO,
    'worker.mjs': `import { f } from './x.wasm'; import { parentPort } from 'node:worker_threads'; parentPort.postMessage(f());`,
    'main.mjs': `import { Worker } from 'node:worker_threads';
      new Worker(new URL('./worker.mjs', import.meta.url)).on('message', (m) => console.log(m));`,
  });
  assert.equal(out, '42');
});

test('registered by a program, for what it imports later', async () => {
  const out = await runMain(
    {
      'x.wasm': FORTY_TWO,
      'main.mjs': `import 'gantry-wasm/register'; const { f } = await import('./x.wasm'); console.log(f());`,
    },
    { args: [] },
  );
  assert.equal(out, '42');
});

test('beside other loaders', async () => {
  const out = await runMain(
    {
      'x.wasm': FORTY_TWO,
      'other.mjs': `import { register } from 'node:module'; register('./hooks.mjs', import.meta.url);`,
      'hooks.mjs': `export async function load(url, context, next) {
        const result = await next(url, context);
        if (!url.endsWith('main.mjs')) return result;
        return { ...result, source: String(result.source).replace('ANSWER', 'f()') };
      }`,
      'main.mjs': `import { f } from './x.wasm'; console.log(ANSWER);`,
    },
    { args: ['--import', 'gantry-wasm/register', '--import', './other.mjs'] },
  );
  assert.equal(out, '42');
});

test('beside tsx, in either order', async () => {
  const tsx = import.meta.resolve('tsx');
  const orders = [
    ['--import', 'gantry-wasm/register', '--import', tsx],
    ['--import', tsx, '--import', 'gantry-wasm/register'],
  ];
  for (const args of orders) {
    const files = {
      'x.wasm': `(module (import "./seven.js" "seven" (func $seven (result i32)))
        (func (export "f") (result i32) (call $seven)))`,
      'seven.ts': `export const seven = (): number => 7;`,
      'main.ts': `import { f } from './x.wasm'; import type { Stats } from 'node:fs';
        enum Answer { Factor = 6 } const answer: number = f() * Answer.Factor; console.log(answer);`,
      'package.json': { type: 'module' },
    };
    assert.equal(await runMain(files, { main: 'main.ts', args }), '42');
  }
});

test('without the loader nothing changes', async () => {
  const out = await runMain(
    {
      'main.mjs': `import 'gantry-wasm'; import module from 'node:module';
      console.log('.wasm' in module._extensions, Symbol.for('gantry.esm') in globalThis);`,
    },
    { args: [] },
  );
  assert.equal(out, 'false false');
});

const HOSTS = {
  'x.wasm': USES_ENV,
  'main.mjs': MAIN,
  'one.mjs': 'export const value = () => 1;',
  'two.mjs': 'export const value = () => 2, other = () => 3;',
  'one.json': { imports: { env: './one.mjs' } },
  'two.json': { imports: { env: './two.mjs' } },
};

test('the same module runs against what the import map names', async () => {
  assert.equal(await runMain(HOSTS, { env: { GANTRY_IMPORT_MAP: 'one.json' } }), '1');
  assert.equal(await runMain(HOSTS, { env: { GANTRY_IMPORT_MAP: 'two.json' } }), '2');
  const inPackage = (importMap) => ({ ...HOSTS, 'package.json': { gantry: { importMap } } });
  assert.equal(await runMain(inPackage('./two.json')), '2');
  assert.equal(await runMain(inPackage({ imports: { env: './one.mjs' } })), '1');
  // What environment variables say comes first.
  assert.equal(await runMain(inPackage('./two.json'), { env: { GANTRY_IMPORT_MAP: 'one.json' } }), '1');
});

test('one pair of module and field can be mapped, to another name too, within scopes', async () => {
  const pair = (map) => ({ ...HOSTS, 'package.json': { gantry: { importMap: map } } });
  assert.equal(await runMain(pair({ imports: { env: './one.mjs', 'env#value': './two.mjs' } })), '2');
  assert.equal(await runMain(pair({ imports: { 'env#value': './two.mjs#other' } })), '3');
  const scoped = {
    imports: { env: './one.mjs' },
    scopes: { './x.wasm': { 'env#value': './two.mjs#other' } },
  };
  assert.equal(await runMain(pair(scoped)), '3');
});

test('registerMaps adds maps at run time', async () => {
  const out = await runMain({
    ...HOSTS,
    'main.mjs': `import { registerMaps } from 'gantry-wasm/register';
      registerMaps({ importMap: './one.json' });
      const one = (await import('./x.wasm')).f();
      registerMaps({ importMap: './two.json' });
      const still = (await import('./x.wasm?again')).f();
      try { registerMaps({ importMap: './bad.json' }); } catch (error) { console.log(error.message); }
      console.log(one, still);`,
    'bad.json': '{\n"imports": {,}\n}',
  });
  assert.match(out, /bad\.json:2:\d+ is not valid JSON[^]*\n1 1$/);
});

test('package maps', async () => {
  const files = {
    'main.mjs': `import { f } from 'calc'; console.log(f());`,
    'map.json': {
      packages: {
        app: { url: './', dependencies: { calc: 'calc@1', 'gantry-wasm': 'gantry' } },
        'calc@1': { url: './elsewhere/calc', dependencies: { env: 'env' } },
        env: { url: './elsewhere/env' },
        gantry: { url: './node_modules/gantry-wasm' },
      },
    },
    'elsewhere/calc/package.json': { exports: './x.wasm' },
    'elsewhere/calc/x.wasm': USES_ENV,
    'elsewhere/env/package.json': { type: 'module', exports: './index.js' },
    'elsewhere/env/index.js': 'export const value = () => 8;',
  };
  assert.equal(await runMain(files, { env: { GANTRY_PACKAGE_MAP: 'map.json' } }), '8');
  const undeclared = { ...files, 'main.mjs': `import 'env';` };
  const error = await failMain(undeclared, { env: { GANTRY_PACKAGE_MAP: 'map.json' } });
  assert.match(
    error,
    /"env" imported from .*main\.mjs: the package map .*\[calc, gantry-wasm\] only; add it there/,
  );
});

test('integrity: a mismatch refuses to load', async () => {
  const sri = (bytes) => `sha384-${createHash('sha384').update(bytes).digest('base64')}`;
  const files = (wasm, js) => ({
    'main.mjs': `import './js.mjs'; ${MAIN}`,
    'js.mjs': 'globalThis.ran = true;',
    'x.wasm': FORTY_TWO,
    'package.json': { gantry: { importMap: { integrity: { './x.wasm': wasm, './js.mjs': js } } } },
  });
  const [wasm, js] = [sri(wat(FORTY_TWO)), sri('globalThis.ran = true;')];
  assert.equal(await runMain(files(wasm, js)), '42');
  assert.match(await failMain(files(js, js)), /x\.wasm does not have the integrity .* expected sha384-/);
  assert.match(await failMain(files(wasm, wasm)), /js\.mjs does not have the integrity/);
});

test('maps that cannot be used are reported with file and line', async () => {
  const withMap = (text) =>
    failMain({ ...HOSTS, 'bad.json': text }, { env: { GANTRY_IMPORT_MAP: 'bad.json' } });
  assert.match(
    await withMap('{\n  "imports": {\n    "a" "b"\n  }\n}'),
    /bad\.json:3:9 is not valid JSON: expected `:`/,
  );
  assert.match(
    await withMap('{ "imports": [] }'),
    /"imports" in .*bad\.json must be an object, not an array/,
  );
  const blocked = await withMap('{ "imports": { "env": null } }');
  assert.match(blocked, /"env" imported from .*x\.wasm: the import map's entry "env" is null/);
  const nowhere = await withMap('{ "imports": { "env": "./nowhere.mjs" } }');
  assert.match(nowhere, /"env" in .*x\.wasm is mapped to .*nowhere\.mjs; correct the map/);
  const none = await failMain(HOSTS, { env: { GANTRY_IMPORT_MAP: 'none.json' } });
  assert.match(none, /GANTRY_IMPORT_MAP .*none\.json cannot be read/);
});
