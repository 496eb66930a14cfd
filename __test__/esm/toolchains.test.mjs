// Output of toolchains as it comes, imported: wasm-bindgen, wasm-pack, Emscripten, AssemblyScript, jco.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import * as plugins from 'gantry-wasm/bundler';
import { root } from '../helpers/engine.mjs';
import { node, project } from '../helpers/project.mjs';

const REGISTER = ['--import', 'gantry-wasm/register'];
const INSTALL = ['--import', 'gantry-wasm/install'];

/** A project with packages of this clone, as they are on npm. */
function projectWith(packages, files) {
  const folder = project({ 'package.json': { type: 'module', private: true }, ...files });
  for (const name of packages) {
    const link = path.join(folder, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(root, 'node_modules', name), link, 'dir');
  }
  return folder;
}

async function run(folder, args, main = 'main.mjs') {
  const { code, stdout, stderr } = await node(folder, [...args, main]);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Fails when a package's module is instantiated by the built-in engine. */
const ONLY_GANTRY = `for (const name of ['compile', 'instantiate', 'Instance', 'compileStreaming', 'instantiateStreaming'])
  WebAssembly[name] = () => { throw new Error('the built-in engine was asked for ' + name); };`;

const FORMAT = `console.log(format('def f( ):\\n  return   42', 'a.py'));`;
const FORMATTED = 'def f():\n    return 42';

test('wasm-bindgen, target bundler: the .wasm file is imported, and imports its own JavaScript', async () => {
  const folder = projectWith(['@wasm-fmt/ruff_fmt'], {
    'first.mjs': ONLY_GANTRY,
    'main.mjs': `import './first.mjs'; import { format } from '@wasm-fmt/ruff_fmt/bundler'; ${FORMAT}`,
  });
  assert.equal(await run(folder, REGISTER), FORMATTED);
});

test('wasm-bindgen, a source phase import', async () => {
  const folder = projectWith(['@wasm-fmt/ruff_fmt'], {
    'main.mjs': `import { format } from '@wasm-fmt/ruff_fmt/esm'; ${FORMAT}`,
  });
  assert.equal(await run(folder, [...INSTALL, ...REGISTER]), FORMATTED);
});

test('wasm-bindgen, target nodejs', async () => {
  const folder = projectWith(['@wasm-fmt/ruff_fmt'], {
    'main.mjs': `import { format } from '@wasm-fmt/ruff_fmt/node'; ${FORMAT} console.log(WebAssembly.engine);`,
  });
  assert.equal(await run(folder, INSTALL), `${FORMATTED}\n\ngantry`);
});

test('wasm-bindgen, target web: given the compiled module, or the bytes', async () => {
  const folder = projectWith(['@wasm-fmt/ruff_fmt'], {
    'main.mjs': `import init, { format } from '@wasm-fmt/ruff_fmt/web';
      import module from '@wasm-fmt/ruff_fmt/wasm?module';
      await init(module); ${FORMAT} console.log(WebAssembly.engine);`,
  });
  assert.equal(await run(folder, [...INSTALL, ...REGISTER]), `${FORMATTED}\n\ngantry`);
});

const SIGN = `const keys = keypair(); const message = new Uint8Array([1, 2, 3]);
  const signature = keys.sign(message);
  console.log(verify(signature, message, keys.pubkey), verify(signature, new Uint8Array([1, 2, 4]), keys.pubkey));`;

test('wasm-pack, as it writes a package for bundlers', async () => {
  const main = `import { keypair, verify } from 'pqc-dilithium'; ${SIGN}`;
  const map = pathToFileURL(path.join(root, 'node_modules/pqc-dilithium/pqc_dilithium.js'));
  // The package names its entry for bundlers only, which Node.js does not read.
  const folder = projectWith(['pqc-dilithium'], {
    'main.mjs': main,
    'package.json': { type: 'module', gantry: { importMap: { imports: { 'pqc-dilithium': map.href } } } },
  });
  assert.equal(await run(folder, REGISTER), 'true false');
});

test('wasm-pack, bundled by esbuild', async () => {
  const folder = projectWith(['pqc-dilithium'], {
    'main.mjs': `import { keypair, verify } from 'pqc-dilithium'; ${SIGN}`,
  });
  await esbuild.build({
    ...{ absWorkingDir: folder, entryPoints: ['main.mjs'], bundle: true, platform: 'node', format: 'esm' },
    ...{ outdir: 'dist', outExtension: { '.js': '.mjs' }, plugins: [plugins.esbuild()] },
  });
  assert.equal(await run(folder, [], 'dist/main.mjs'), 'true false');
});

test('wasm-pack, as it writes a package for the web', async () => {
  const name = '@deltachat/message_parser_wasm/message_parser_wasm.js';
  const folder = projectWith(['@deltachat/message_parser_wasm'], {
    'main.mjs': `import { readFileSync } from 'node:fs';
      import { fileURLToPath } from 'node:url';
      import init, { parse_text, get_first_emoji } from '${name}';
      await init(readFileSync(fileURLToPath(import.meta.resolve('${name.replace('.js', '_bg.wasm')}'))));
      console.log(JSON.stringify(parse_text('see #tag', false)), get_first_emoji('🦄 x'), WebAssembly.engine);`,
  });
  const parsed = '[{"t":"Text","c":"see "},{"t":"Tag","c":"#tag"}] 🦄 gantry';
  assert.equal(await run(folder, INSTALL), parsed);
});

test('Emscripten, -sEXPORT_ES6 for Node.js', async () => {
  const name = '@jitl/quickjs-wasmfile-release-sync';
  const folder = projectWith([name], {
    'main.mjs': `import factory from '${name}/emscripten-module';
      import { QuickJSFFI } from '${name}/ffi';
      const module = await factory();
      const quickjs = new QuickJSFFI(module);
      const context = quickjs.QTS_NewContext(quickjs.QTS_NewRuntime(), 0);
      const code = '[1, 2, 3].map((x) => x ** 2).reduce((a, b) => a + b)';
      const text = module._malloc(code.length + 1);
      module.stringToUTF8(code, text, code.length + 1);
      const value = quickjs.QTS_Eval(context, text, code.length, 'code.js', 0, 0);
      console.log(quickjs.QTS_GetFloat64(context, value), WebAssembly.engine);`,
  });
  assert.equal(await run(folder, INSTALL), '14 gantry');
});

const SOURCE = `
  @external("env", "now") declare function now(): f64;
  export function greet(name: string): string { return "Hello, " + name + "!"; }
  export function sum(values: Int32Array): i64 { let s: i64 = 0; for (let i = 0; i < values.length; i++) s += values[i]; return s; }
  export function since(start: f64): f64 { return now() - start; }
  export let counter: i32 = 5;
  export function bump(): i32 { return ++counter; }
`;

/** Adds the program, and a map. @returns its name */
function projectFile(folder, main, importMap = {}) {
  writeFileSync(path.join(folder, 'main.mjs'), main);
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type: 'module', gantry: { importMap } }));
  return 'main.mjs';
}

/** Compiles with asc, which is wasm itself and runs on Gantry as well. */
async function assemblyScript(bindings) {
  const folder = projectWith([], {
    'source.ts': SOURCE,
    'env.mjs': 'export const now = () => 1000, abort = () => {};',
  });
  const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
  const args = [...INSTALL, asc, 'source.ts', '-o', 'out.wasm', '--optimize', '--bindings', bindings];
  const { code, stderr } = await node(folder, args);
  assert.equal(code, 0, stderr);
  assert.ok(readFileSync(path.join(folder, 'out.wasm')).length > 500);
  return folder;
}

const USE = `console.log(greet('wasm'), sum(new Int32Array([1, 2, 3])), since(400), counter.value, bump(), WebAssembly.engine);`;
const USED = 'Hello, wasm! 6n 600 5 6 gantry';

test('AssemblyScript, --bindings esm', async () => {
  const folder = await assemblyScript('esm');
  const main = `globalThis.env = { now: () => 1000 }; globalThis.now = () => 1000;
    const { greet, sum, since, counter, bump } = await import('./out.js'); ${USE}`;
  const file = projectFile(folder, main);
  assert.equal(await run(folder, INSTALL, file), USED);
});

test('AssemblyScript, --bindings raw with the compiled module', async () => {
  const folder = await assemblyScript('raw');
  const main = `import module from './out.wasm?module'; import { instantiate } from './out.js';
    const { greet, sum, since, counter, bump } = await instantiate(module, { env: { now: () => 1000 } }); ${USE}`;
  const file = projectFile(folder, main);
  assert.equal(await run(folder, [...INSTALL, ...REGISTER], file), USED);
});

test('AssemblyScript without bindings: the .wasm file is imported', async () => {
  const folder = await assemblyScript('raw');
  const main = `import { since, counter, bump } from './out.wasm'; const before = counter; bump();
    console.log(since(400), before, counter);`;
  const file = projectFile(folder, main, { imports: { env: './env.mjs' } });
  assert.equal(await run(folder, REGISTER, file), '600 5 6');
});
