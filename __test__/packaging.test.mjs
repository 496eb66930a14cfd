// What is published: packed, installed in an empty project without a network, and used there.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { platforms, stage } from '../scripts/stage.mjs';
import { root } from './helpers/engine.mjs';
import { node, project } from './helpers/project.mjs';

const require = createRequire(import.meta.url);
const { PACKAGES, target } = require('../js/platforms.js');
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

const ANSWER = '(module (func (export "answer") (result i32) (i32.const 42)))';
const FILES = {
  'package.json': { name: 'app', type: 'module', private: true },
  'answer.wasm': ANSWER,
  'main.mjs': `import { readFileSync } from 'node:fs';
    import { WebAssembly } from 'gantry-wasm';
    const { instance } = await WebAssembly.instantiate(readFileSync('answer.wasm'));
    console.log(WebAssembly.engine, instance.exports.answer());`,
  'import.mjs': `import { answer } from './answer.wasm'; console.log(answer());`,
};

/** npm that asks no registry. */
async function npm(folder, ...args) {
  const cache = path.join(folder, '.npm');
  const options = { cwd: folder, maxBuffer: 1 << 26, shell: process.platform === 'win32' };
  const flags = ['--offline', '--no-audit', '--no-fund', '--cache', cache];
  const { stdout } = await promisify(execFile)('npm', [...args, ...flags], options);
  return stdout;
}

/** Packs a folder. @returns the path of the archive */
async function pack(from, folder) {
  const [{ filename }] = JSON.parse(await npm(folder, 'pack', from, '--json', '--ignore-scripts'));
  return path.join(folder, filename);
}

/** What gantry-wasm depends on, from this clone: there is no registry to ask. */
const dependency = (folder) => pack(path.join(root, 'node_modules/es-module-lexer'), folder);

const archives = project({}, { link: false });
let packed;

before(async () => {
  const [main, platform] = stage(root, path.join(archives, 'stage'));
  packed = { main: await pack(main, archives), platform: await pack(platform, archives) };
  packed.dependency = await dependency(archives);
});

async function installed(...packages) {
  const folder = project(FILES, { link: false });
  await npm(folder, 'install', '--ignore-scripts', ...packages);
  return folder;
}

test('the published packages install in an empty project, and everything in them works', async () => {
  const folder = await installed(packed.dependency, packed.platform, packed.main);
  const main = await node(folder, ['main.mjs']);
  assert.deepEqual([main.stdout, main.stderr, main.code], ['gantry 42', '', 0]);
  const imported = await node(folder, ['--import', 'gantry-wasm/register', 'import.mjs']);
  assert.deepEqual([imported.stdout, imported.code], ['42', 0], imported.stderr);
  const replaced = await node(folder, ['--import', 'gantry-wasm/install', '-p', 'WebAssembly.engine']);
  assert.equal(replaced.stdout, 'gantry', replaced.stderr);
  const cli = path.join(folder, 'node_modules/.bin/gantry');
  const run = await node(folder, [cli, 'run', '--invoke', 'answer', 'answer.wasm']);
  assert.equal(run.stdout, '42', run.stderr);
  const types = await node(folder, [cli, 'types', 'answer.wasm']);
  assert.equal(types.code, 0, types.stderr);
  assert.match(readFileSync(path.join(folder, 'answer.d.wasm.ts'), 'utf8'), /answer\(\): number/);
});

test('npm pack in a clone gives a package with the binary that was built there', async () => {
  const archive = await pack(root, project({}, { link: false }));
  const folder = await installed(packed.dependency, archive);
  assert.equal((await node(folder, ['main.mjs'])).stdout, 'gantry 42');
});

test('without a binary the built-in engine runs, with one warning that says what to do', async () => {
  const folder = await installed(packed.dependency, packed.main, '--omit=optional');
  const main = await node(folder, ['main.mjs']);
  assert.equal(main.stdout, 'builtin 42', main.stderr);
  assert.equal(main.stderr.match(/GantryWarning/g)?.length, 1, main.stderr);
  assert.match(
    main.stderr,
    /gantry-wasm has no binary for .*: neither .*gantry\..*\.node nor the package gantry-wasm-/,
  );
  assert.match(
    main.stderr,
    /npm install --include=optional gantry-wasm.*Node's own WebAssembly is used instead/,
  );
  const imported = await node(folder, ['--import', 'gantry-wasm/register', 'import.mjs']);
  assert.equal(imported.stdout, '42', imported.stderr);
  assert.equal(imported.stderr.match(/GantryWarning/g)?.length, 1, imported.stderr);
  const replaced = await node(folder, ['--import', 'gantry-wasm/install', 'main.mjs']);
  assert.equal(replaced.stdout, 'builtin 42', replaced.stderr);
});

test('a binary of another version or one that cannot be loaded is reported, and not used', async () => {
  const folder = await installed(packed.dependency, packed.platform, packed.main);
  const manifest = path.join(folder, 'node_modules', PACKAGES[target], 'package.json');
  const json = readJson(manifest);
  writeFileSync(manifest, JSON.stringify({ ...json, version: '0.0.1' }));
  const other = await node(folder, ['main.mjs']);
  assert.equal(other.stdout, 'builtin 42');
  assert.match(
    other.stderr,
    /gantry-wasm is version \S+, but gantry-wasm-\S+ is 0\.0\.1\. Install both together/,
  );
  writeFileSync(manifest, JSON.stringify(json));
  const binary = path.join(path.dirname(manifest), json.main);
  rmSync(binary);
  writeFileSync(binary, 'no library');
  const broken = await node(folder, ['main.mjs']);
  assert.equal(broken.stdout, 'builtin 42');
  assert.match(broken.stderr, /gantry-wasm-\S+ cannot be loaded: .*\. Reinstall the package/);
});

test('a platform without binaries is named, with those that have some', async () => {
  const folder = await installed(packed.dependency, packed.main, '--omit=optional');
  const pretend = `Object.defineProperty(process, 'arch', { value: 'riscv64' });`;
  writeFileSync(path.join(folder, 'pretend.cjs'), pretend);
  const { stdout, stderr } = await node(folder, ['--require', './pretend.cjs', 'main.mjs']);
  assert.equal(stdout, 'builtin 42');
  assert.match(stderr, /no binary for \w+-riscv64; there are binaries for .*linux-x64/);
});

test('the platforms of the loader, of npm/ and of the packages agree', () => {
  const found = platforms().map((name) => readJson(path.join(root, 'npm', name, 'package.json')));
  const { version, license, engines } = readJson(path.join(root, 'package.json'));
  const byTarget = found.map(({ os, cpu, name }) => [`${os}-${cpu}`, name]);
  assert.deepEqual(Object.fromEntries(byTarget), PACKAGES);
  for (const json of found) {
    assert.deepEqual([json.version, json.license, json.engines], [version, license, engines]);
    assert.equal(json.main, `gantry.${json.os}-${json.cpu}.node`);
    assert.deepEqual(json.files, [json.main]);
    assert.deepEqual(json.libc, json.name.endsWith('-gnu') ? ['glibc'] : undefined);
  }
});
