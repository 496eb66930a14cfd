// The entry points: require, import, and replacing the process's global WebAssembly, in workers too.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { nodeMajor } from './helpers/both.mjs';
import { root } from './helpers/engine.mjs';

const require = createRequire(import.meta.url);
const ADD =
  '[0,97,115,109,1,0,0,0,1,7,1,96,2,127,127,1,127,3,2,1,0,7,7,1,3,97,100,100,0,0,10,9,1,7,0,32,0,32,1,106,11]';
const WORKER = path.join(root, '__test__/helpers/install-worker.cjs');
const RUN_ADD = `new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(${ADD}))).exports.add(40, 2)`;

async function node(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return stdout.trim();
}

test('require by name, by folder and import give the same namespace', async () => {
  const required = require('gantry-wasm');
  assert.equal(require(root), required);
  const imported = await import('gantry-wasm');
  assert.equal(imported.WebAssembly, required.WebAssembly);
  assert.equal(imported.default?.WebAssembly ?? imported.WebAssembly, required.WebAssembly);
});

test('loading the package leaves the global alone', async () => {
  const before = globalThis.WebAssembly;
  const { WebAssembly } = require('gantry-wasm');
  assert.equal(globalThis.WebAssembly, before);
  assert.notEqual(WebAssembly, before);
  assert.notEqual(WebAssembly.Module, before.Module);
});

test('every file that package.json names exists', () => {
  const { exports, main, types } = require('gantry-wasm/package.json');
  const targets = Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? entry : Object.values(entry),
  );
  for (const target of [main, types, ...targets]) assert.ok(existsSync(path.join(root, target)), target);
});

for (const flag of ['--import', '--require']) {
  test(`node ${flag} gantry-wasm/install replaces the global`, async () => {
    const code = `const g = require('gantry-wasm').WebAssembly;
      console.log(g.Module === WebAssembly.Module, ${RUN_ADD})`;
    assert.equal(await node(flag, 'gantry-wasm/install', '-e', code), 'true 42');
  });

  // Node runs workers whose code is a string before --import has finished, whatever is imported; files wait for it.
  test(`a worker of node ${flag} gantry-wasm/install has it too`, async () => {
    const code = `new (require('worker_threads').Worker)(${JSON.stringify(WORKER)})
      .on('message', (m) => console.log(...m))`;
    assert.equal(await node(flag, 'gantry-wasm/install', '-e', code), 'true 42');
  });
}

test('the replaced global has the shape of the built-in one', async () => {
  const builtin = JSON.parse(await node('-p', SHAPE));
  const gantry = JSON.parse(await node('--import', 'gantry-wasm/install', '-p', SHAPE));
  for (const [name, shape] of Object.entries(gantry)) {
    // Its length is 2 by the specification, which engines before Node.js 26 are not up to.
    if (name === 'Exception' && nodeMajor < 26) continue;
    // It is an accessor by the specification, which no engine of Node.js is up to.
    if (name === 'JSTag') continue;
    if (name in builtin) assert.deepEqual(shape, builtin[name], name);
  }
  for (const name of EXPECTED) assert.ok(name in gantry, name);
});

const EXPECTED = [
  ...['validate', 'compile', 'instantiate', 'Module', 'Instance', 'Memory', 'Table', 'Global'],
  ...['Tag', 'Exception', 'JSTag', 'Function', 'CompileError', 'LinkError', 'RuntimeError'],
];

const SHAPE = `JSON.stringify(Object.fromEntries(Object.getOwnPropertyNames(WebAssembly).map((name) => {
  const { value, get, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(WebAssembly, name);
  return [name, [typeof value, value?.name, value?.length, typeof get, writable, enumerable, configurable]];
})))`;
