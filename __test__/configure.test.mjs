// configure(): settings of the engine, in fresh processes.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { succeed } from './helpers/child.mjs';
import { text } from './helpers/wat.mjs';

const functions = Array.from(
  { length: 300 },
  (_, i) => `(func (param i32) (result i32) local.get 0 i32.const ${i} i32.mul)`,
);
const WASM = Buffer.from(text(`(module (func (export "f") (result i32) i32.const 7) ${functions.join('')})`));

/** What a script prints that has the package as `gantry` and a module's `bytes`. */
const run = (script, env = {}) =>
  succeed(
    `const gantry = require('.');
    const { configure, WebAssembly } = gantry;
    const bytes = Buffer.from('${WASM.toString('base64')}', 'base64');
    const use = (options) => new WebAssembly.Instance(new WebAssembly.Module(bytes, options)).exports.f();
    ${script}`,
    { env },
  );

test('settings come before those of the environment, and stay when others are made', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-configure-'));
  const [chosen, other] = ['chosen', 'other'].map((name) => path.join(folder, name));
  const entries = (dir) =>
    fs.existsSync(dir) ? fs.readdirSync(dir).filter((name) => name.endsWith('.gtx')) : [];
  const env = { GANTRY_CACHE: other, GANTRY_TIER: 'quick' };
  try {
    const script = (settings) => `for (const settings of ${JSON.stringify(settings)}) configure(settings);
      use(); console.log(WebAssembly.Module.stats(new WebAssembly.Module(bytes)).isFinal)`;
    const optimized = [{ cache: chosen }, { tier: 'optimized', threads: 1 }];
    assert.equal(await run(script(optimized), env), 'true');
    assert.deepEqual([entries(chosen).length, entries(other).length], [1, 0]);
    assert.equal(await run(script([{ cache: false, tier: 'optimized' }]), env), 'true');
    assert.deepEqual(entries(other), []);
    assert.equal(await run(script([{}]), env), 'false');
    const relative = path.relative(process.cwd(), path.join(folder, 'relative'));
    const moved = `configure({ cache: ${JSON.stringify(relative)} }); process.chdir('/'); use({ tier: 'optimized' });`;
    await run(moved, env);
    assert.equal(entries(path.join(folder, 'relative')).length, 1);
    const [before] = entries(chosen);
    await run(`configure({ cache: ${JSON.stringify(chosen)}, cacheSize: 0 });
      new WebAssembly.Module(Buffer.concat([bytes, Buffer.from([0, 2, 1, 120])]), { tier: 'optimized' });`);
    assert.ok(!entries(chosen).includes(before), 'it had to make room');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test('once the engine is in use, it is too late', async () => {
  const late = `try { configure({ threads: 2 }); } catch (error) { console.log(error.message); }`;
  const message = /^configure\(\): the engine is in use already; call it before any thread uses /;
  assert.match(await run(`use(); ${late}`), message);
  const inWorker = `const { configure } = require('.'); ${late}`;
  assert.match(
    await run(
      `use(); new (require('node:worker_threads').Worker)(${JSON.stringify(inWorker)}, { eval: true });`,
    ),
    message,
  );
});

test('what is no setting is refused, and changes nothing', async () => {
  const wrong = [
    [undefined, 'TypeError'],
    [{ threads: '2' }, 'TypeError'],
    [{ threads: 0 }, 'RangeError'],
    [{ threads: 1.5 }, 'RangeError'],
    [{ cacheSize: 2 ** 32 }, 'RangeError'],
    [{ cache: true }, 'TypeError'],
    [{ cache: '' }, 'TypeError'],
    [{ tier: 'fast' }, 'TypeError'],
  ];
  const script = `const names = ${JSON.stringify(wrong.map(([settings]) => settings ?? null))}.map((settings) => {
      try { configure(settings ?? undefined); } catch (error) { return error.name; }
    });
    console.log(names.join(), use());`;
  assert.equal(await run(script), `${wrong.map(([, name]) => name).join()} 7`);
});

test("Node's own engine has no settings", async () => {
  const script = `configure({ threads: 1 }); console.log(WebAssembly.engine, use());`;
  assert.equal(await run(script, { GANTRY_NATIVE: '0', NODE_NO_WARNINGS: '1' }), 'builtin 7');
});
