// Tiers: the option, what is told of it, and that work in the background is in nobody's way.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { WebAssembly } from 'gantry-wasm';
import { run, scriptWith, succeed } from './helpers/child.mjs';
import { text } from './helpers/wat.mjs';

const require = createRequire(import.meta.url);
const { Module, Instance } = WebAssembly;
const FACTORIAL = `(module
  (func $f (export "f") (param i64) (result i64)
    (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 1))
      (else (i64.mul (local.get 0) (call $f (i64.sub (local.get 0) (i64.const 1)))))))
  (func (export "uncalled")))`;

test('the option decides when functions are compiled', async () => {
  const bytes = text(FACTORIAL);
  for (const tier of ['auto', 'quick', 'optimized']) {
    for (const module of [new Module(bytes, { tier }), await WebAssembly.compile(bytes, { tier })]) {
      const before = Module.stats(module);
      assert.equal(before.functions, 2);
      if (tier === 'quick') assert.deepEqual([before.codeBytes, before.isFinal], [0, false]);
      if (tier === 'optimized') assert.equal(before.isFinal, true);
      assert.equal(new Instance(module).exports.f(20n), 2432902008176640000n);
      const after = Module.stats(module);
      assert.ok(after.codeBytes > 0);
      if (tier === 'quick') assert.deepEqual([after.compiledOnDemand, after.compiledQuick], [1, 1]);
    }
  }
});

test('the last code comes by itself', { timeout: 60_000 }, async () => {
  const module = new Module(text(FACTORIAL), { tier: 'auto' });
  const { f } = new Instance(module).exports;
  while (!Module.stats(module).isFinal) {
    assert.equal(f(5n), 120n);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(f(6n), 720n);
});

test('other tiers are refused', async () => {
  const message = /tier must be one of auto, quick, optimized/;
  const bytes = text(FACTORIAL);
  assert.throws(() => new Module(bytes, { tier: 'best' }), { name: 'TypeError', message });
  await assert.rejects(WebAssembly.compile(bytes, { tier: 1 }), { name: 'TypeError', message });
  assert.throws(() => Module.stats({}), TypeError);
});

const SETUP = `const large = require('node:fs').readFileSync(${JSON.stringify(require.resolve('esbuild-wasm/esbuild.wasm'))});
  const isFinal = (module) => WebAssembly.Module.stats(module).isFinal;`;
const options = { env: { GANTRY_CACHE: 'off', GANTRY_TIER: 'auto' }, timeout: 100_000 };

test('a process ends while a module is optimised', { timeout: 120_000 }, async () => {
  const script = scriptWith({}, `${SETUP} console.log(isFinal(new WebAssembly.Module(large)));`);
  assert.equal(await succeed(script, options), 'false');
  const exits = scriptWith({}, `${SETUP} WebAssembly.compile(large); setTimeout(() => process.exit(7), 20);`);
  assert.equal((await run(exits, options)).code, 7);
});

test('workers are terminated while a module is optimised', { timeout: 120_000 }, async () => {
  const inWorker = `${SETUP} globalThis.kept = new WebAssembly.Module(large);
    parentPort.postMessage(isFinal(kept));
    setInterval(() => {}, 1000);`;
  const code = `for (let i = 0; i < 3; i++) {
    const started = worker(${JSON.stringify(inWorker)});
    const [isFinal] = await once(started, 'message');
    await started.terminate();
    console.log(isFinal);
  }`;
  assert.equal(await succeed(scriptWith({}, code), options), 'false\nfalse\nfalse');
});

test('modules that were sent to workers have the code that others made', { timeout: 120_000 }, async () => {
  const inWorker = `parentPort.postMessage(new WebAssembly.Instance(workerData).exports.f(5n));`;
  const code = `const module = new WebAssembly.Module(bytes('factorial'), { tier: 'quick' });
    const call = async () => {
      const started = worker(${JSON.stringify(inWorker)}, { workerData: module });
      const [[result]] = await Promise.all([once(started, 'message'), once(started, 'exit')]);
      return result;
    };
    const results = await Promise.all([call(), call(), call(), call()]);
    console.log(results.join(), WebAssembly.Module.stats(module).compiledOnDemand);`;
  const script = scriptWith({ factorial: FACTORIAL }, code);
  assert.equal(await succeed(script, options), '120,120,120,120 1');
});
