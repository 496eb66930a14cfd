// The package's own JavaScript: the code that V8 has made of it is kept from one process to the next.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { succeed } from './helpers/child.mjs';
import { root } from './helpers/engine.mjs';
import { text } from './helpers/wat.mjs';

const ANSWER = Buffer.from(text('(module (func (export "answer") (result i32) i32.const 42))')).toString(
  'base64',
);
const INSTANCE = `
  const module = new WebAssembly.Module(Buffer.from('${ANSWER}', 'base64'));
  if (new WebAssembly.Instance(module).exports.answer() !== 42) throw new Error('wrong answer');`;

/** Loads the package, uses it, and prints of how many of its files V8 was given code that it took, and of how many not. */
const script = (use = INSTANCE, entry = '.') => `
  'use strict';
  const vm = require('node:vm');
  const { Script } = vm;
  let [kept, made] = [0, 0];
  vm.Script = class extends Script {
    constructor(text, options) {
      super(text, options);
      if (this.cachedDataRejected === false) kept++;
      else made++;
    }
  };
  const { WebAssembly } = require(${JSON.stringify(entry)});
  vm.Script = Script;
  ${use}
  console.log(JSON.stringify({ kept, made }));`;

let folder;
let count = 0;
before(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-code-'))));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A new cache: what loads the package with it. */
function cache() {
  const dir = path.join(folder, `${count++}`);
  const load = async (source = script(), options = {}) =>
    JSON.parse(await succeed(source, { env: { GANTRY_CACHE: dir }, ...options }));
  const notes = () => fs.readdirSync(dir).filter((name) => name.endsWith('.gtn'));
  return { dir, load, notes };
}

test('a second process compiles nothing of the package', async () => {
  const { dir, load, notes } = cache();
  const first = await load();
  assert.ok(first.made > 30 && first.kept === 0, JSON.stringify(first));
  const [note] = notes();
  const file = path.join(dir, note);
  assert.equal(fs.statSync(file).mode & 0o077, 0, 'others may not read it');
  const { mtimeMs } = fs.statSync(file);
  assert.deepEqual(await load(), { kept: first.made, made: 0 });
  assert.deepEqual(notes(), [note]);
  assert.equal(fs.statSync(file).mtimeMs, mtimeMs, 'nothing is written again');
});

test('what programs need for their signatures is kept beside each other', async () => {
  const { load } = cache();
  const other = Buffer.from(text('(module (func (export "half") (param f64) (result f64) local.get 0))'));
  const use = `
    const bytes = Buffer.from('${other.toString('base64')}', 'base64');
    if (new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.half(4.5) !== 4.5) throw new Error('wrong');`;
  const { made } = await load();
  assert.deepEqual(await load(script(use)), { kept: made - 1, made: 1 });
  assert.deepEqual(await load(script(use)), { kept: made, made: 0 });
  assert.deepEqual(await load(), { kept: made, made: 0 });
  // Both at once are two, and a program that has changed what everybody uses is like others.
  const changes = `
    Map.prototype.get = Map.prototype.set = Array.prototype.join = vm.Script.prototype.runInThisContext = () => {
      throw new Error('changed');
    };`;
  assert.deepEqual(await load(script(changes + INSTANCE + `{${use}}`)), { kept: made + 1, made: 0 });
});

test('nothing is kept before an instance was made', async () => {
  const { dir, load } = cache();
  await load(script('WebAssembly.validate(Buffer.alloc(8))'));
  assert.ok(!fs.existsSync(dir));
});

test('worker threads use it, and leave it to the main thread to keep it', async () => {
  const { dir, load, notes } = cache();
  const inWorker = `
    const { Worker } = require('node:worker_threads');
    new Worker(${JSON.stringify(script())}, { eval: true });`;
  const first = JSON.parse(await succeed(inWorker, { env: { GANTRY_CACHE: dir } }));
  assert.equal(first.kept, 0);
  assert.ok(!fs.existsSync(dir) || notes().length === 0);
  await load();
  const second = JSON.parse(await succeed(inWorker, { env: { GANTRY_CACHE: dir } }));
  assert.deepEqual(second, { kept: first.made, made: 0 });
});

test('processes that begin at once leave one note', async () => {
  const { load, notes } = cache();
  const all = await Promise.all(Array.from({ length: 6 }, () => load()));
  // Who comes late finds what another has left.
  const [total] = all.map(({ kept, made }) => kept + made);
  for (const { kept, made } of all) assert.ok(kept === 0 ? made === total : kept === total);
  assert.equal(notes().length, 1);
  assert.deepEqual(await load(), { kept: total, made: 0 });
});

test('what V8 is told to do otherwise has code of its own', async () => {
  const { load, notes } = cache();
  const { made } = await load();
  const flags = ['--stack-size=800'];
  assert.deepEqual(await load(script(), { flags }), { kept: 0, made });
  assert.deepEqual(await load(script(), { flags }), { kept: made, made: 0 });
  assert.deepEqual(await load(), { kept: made, made: 0 });
  assert.equal(notes().length, 2);
});

test('a damaged note is not used, and written anew', async () => {
  const { dir, load, notes } = cache();
  const { made } = await load();
  const file = path.join(dir, notes()[0]);
  const bytes = fs.readFileSync(file);
  for (const damaged of [
    bytes.subarray(0, bytes.length / 2),
    Buffer.from(bytes).fill(1, 5000, 5001),
    Buffer.alloc(0),
  ]) {
    fs.writeFileSync(file, damaged);
    assert.deepEqual(await load(), { kept: 0, made });
    assert.deepEqual(await load(), { kept: made, made: 0 });
  }
});

test('text that has changed is compiled', async () => {
  const copy = path.join(folder, 'copy');
  fs.mkdirSync(copy);
  for (const name of ['index.js', 'package.json', 'js']) {
    fs.cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
  }
  const addon = fs.readdirSync(root).filter((name) => name.endsWith('.node'));
  for (const name of addon) fs.symlinkSync(path.join(root, name), path.join(copy, name));
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  const { load } = cache();
  const { made } = await load(script(INSTANCE, copy));
  const file = path.join(copy, 'js', 'brand.js');
  // As long as it was: V8 compares no more than that.
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('use strict', 'USE STRICT'));
  assert.deepEqual(await load(script(INSTANCE, copy)), { kept: made - 1, made: 1 });
  assert.deepEqual(await load(script(INSTANCE, copy)), { kept: made, made: 0 });
});

test('in a bundle, where files have no places, they are loaded as before', async () => {
  const bundle = path.join(folder, 'bundle.js');
  // What bundlers make of a file: `module` is an object of theirs.
  const file = (name) => JSON.stringify(path.join(root, name));
  const text = fs
    .readFileSync(path.join(root, 'js/code.js'), 'utf8')
    .replaceAll("'./addon'", file('js/addon'));
  fs.writeFileSync(
    bundle,
    `const wrapped = { exports: {} };
    (function (module, exports) {${text}\n})(wrapped, wrapped.exports);
    wrapped.exports.preload(['./api/namespace']);
    module.exports = require(${file('js/api/namespace')});`,
  );
  const { dir, load } = cache();
  assert.deepEqual(await load(script(INSTANCE, bundle)), { kept: 0, made: 0 });
  assert.ok(!fs.existsSync(dir) || !fs.readdirSync(dir).some((name) => name.endsWith('.gtn')));
});

test('without a cache, everything is as before', async () => {
  const { load } = cache();
  assert.deepEqual(await load(script(), { env: { GANTRY_CACHE: 'off' } }), { kept: 0, made: 0 });
});

test('files that Node.js loads are the same as those that were loaded this way', async () => {
  const { load } = cache();
  const use = `
    const { Module } = require('./js/api/module');
    if (Module !== WebAssembly.Module) throw new Error('loaded twice');`;
  await load(script(INSTANCE));
  assert.equal((await load(script(use))).made, 0);
});
