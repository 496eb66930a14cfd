// Tiers: the option, what is told of it, and that work in the background is in nobody's way.

import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
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

/** Every way to come by a module. */
const ENTRIES = {
  Module: (bytes, options) => new Module(bytes, options),
  compile: (bytes, options) => WebAssembly.compile(bytes, options),
  instantiate: async (bytes, options) => (await WebAssembly.instantiate(bytes, {}, options)).module,
  compileStreaming: (bytes, options) => WebAssembly.compileStreaming(response(bytes), options),
  instantiateStreaming: async (bytes, options) =>
    (await WebAssembly.instantiateStreaming(response(bytes), {}, options)).module,
};
const response = (bytes) => new Response(bytes, { headers: { 'Content-Type': 'application/wasm' } });

test('the option means the same in every entry point', async () => {
  const bytes = text(FACTORIAL);
  for (const [name, compile] of Object.entries(ENTRIES)) {
    const optimized = Module.stats(await compile(bytes, { tier: 'optimized' }));
    assert.deepEqual([optimized.isFinal, optimized.compiledOnDemand], [true, 0], name);
    const quick = await compile(bytes, { tier: 'quick' });
    const { f } = new Instance(quick).exports;
    const end = performance.now() + 100;
    while (performance.now() < end) f(1000n);
    // Quick code stays, however often it runs.
    const stats = Module.stats(quick);
    assert.deepEqual([stats.isFinal, stats.compiledQuick], [false, 1], name);
    assert.deepEqual([stats.optimizedAlone, stats.replaced, stats.backgroundMilliseconds], [0, 0, 0], name);
    await assert.rejects(async () => compile(bytes, { tier: 'best' }), TypeError, name);
  }
});

test('a diagnostics channel tells of modules', async () => {
  const bytes = text(FACTORIAL);
  const told = [];
  const listener = (message) => told.push(message);
  diagnostics.subscribe('gantry:compile', listener);
  const modules = [];
  for (const compile of Object.values(ENTRIES)) modules.push(await compile(bytes));
  assert.throws(() => new Module(bytes.subarray(0, 20)), WebAssembly.CompileError);
  diagnostics.unsubscribe('gantry:compile', listener);
  new Module(bytes);
  assert.deepEqual(
    told.map(({ module }) => module),
    modules,
  );
  for (const { module, byteLength, milliseconds } of told) {
    assert.equal(byteLength, bytes.length);
    assert.ok(milliseconds > 0);
    assert.equal(Module.stats(module).functions, 2);
  }
});

test('GANTRY_DEBUG=compile tells what was done', async () => {
  const script = scriptWith({ factorial: FACTORIAL }, `exportsOf('factorial').f(5n);`);
  const { stderr } = await run(script, {
    env: { GANTRY_CACHE: 'off', GANTRY_TIER: 'quick', GANTRY_DEBUG: 'compile' },
  });
  assert.match(
    stderr,
    /^gantry: module .*: 2 functions, not all optimised; 1 compiled on demand in [\d.]+ ms, 1 quick, /m,
  );
});

test('settings may be made after the package was loaded, before it is used', async () => {
  const bytes = Buffer.from(text(FACTORIAL)).toString('base64');
  const source = `
    const { WebAssembly } = require('.');
    setTimeout(() => {
      process.env.GANTRY_TIER = 'optimized';
      const module = new WebAssembly.Module(Buffer.from('${bytes}', 'base64'));
      console.log(WebAssembly.Module.stats(module).isFinal);
    }, 50);`;
  const env = { GANTRY_CACHE: 'off', GANTRY_TIER: 'quick' };
  assert.equal((await succeed(source, { env })).trim(), 'true');
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

/** For how long 14 MB may keep the thread busy, beside the copy that the JS API asks for. */
const BUSY_MS = 10;
const ATTEMPTS = 5;

for (const way of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming']) {
  const limits = { skip: process.platform !== 'linux', timeout: 240_000 };
  test(`the JavaScript thread is not kept busy by ${way}()`, limits, async () => {
    const code = `${SETUP} const fs = require('node:fs');
      const { pathToFileURL } = require('node:url');
      const file = pathToFileURL(require.resolve('esbuild-wasm/esbuild.wasm'));
      // What is loaded at the first use is no compilation.
      await WebAssembly.compileStreaming([]).catch(() => {});
      await WebAssembly.compile(Buffer.alloc(0)).catch(() => {});
      /** How long the thread had a core: by the clock, others that want it would count. */
      const now = () => Number(fs.readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
      let longest = 0;
      let last = now();
      const turn = () => {
        const ran = now();
        longest = Math.max(longest, ran - last);
        last = ran;
        setImmediate(turn);
      };
      setImmediate(turn);
      // Bytes that are no module are copied, and no more. The second time finds the memory of the first, as what is measured then is going to:
      // the host of a virtual machine takes milliseconds to provide more.
      for (let i = 0; i < 2 && ${!way.endsWith('Streaming')}; i++) {
        longest = 0;
        large[0] ^= 0xff;
        const refused = WebAssembly.compile(large);
        large[0] ^= 0xff;
        await assert.rejects(refused, { name: 'CompileError' });
        await sleep(20);
      }
      const allowed = longest;
      longest = 0;
      await { compile: () => WebAssembly.compile(large),
        instantiate: () => WebAssembly.instantiate(large, {}).catch(({ name }) => assert.equal(name, 'TypeError')),
        compileStreaming: () => WebAssembly.compileStreaming(file),
        instantiateStreaming: () => WebAssembly.instantiateStreaming(file, {}).catch(({ name }) => assert.equal(name, 'TypeError')),
      }.${way}();
      await sleep(20);
      console.log(longest - ${way.endsWith('Streaming') ? 0 : 'allowed'});
      process.exit(0);`;
    const longest = [];
    // A turn may have a collection of garbage in it.
    do {
      longest.push(Number(await succeed(scriptWith({}, code), options)));
    } while (longest.at(-1) > BUSY_MS && longest.length < ATTEMPTS);
    const all = longest.map((ms) => ms.toFixed(1)).join(', ');
    assert.ok(longest.at(-1) <= BUSY_MS, `${way}: busy for ${all} ms`);
  });
}

test('work in the background does not delay the end of a process', { timeout: 120_000 }, async () => {
  for (const end of ['', 'process.exit(0);']) {
    const code = `${SETUP} new WebAssembly.Module(large); console.log(Date.now()); ${end}`;
    const printed = await succeed(scriptWith({}, code), options);
    // Optimising the module takes much longer.
    assert.ok(Date.now() - Number(printed) < 5000, `${Date.now() - Number(printed)} ms with "${end}"`);
  }
});

test('workers are terminated at any moment of compilation', { timeout: 240_000 }, async () => {
  const inWorker = `${SETUP} const { compile, compileStreaming, Module } = WebAssembly;
    const response = () => new Response(large, { headers: { 'Content-Type': 'application/wasm' } });
    parentPort.postMessage(0);
    ({ sync: () => new Module(large), async: () => Promise.all([compile(large), compile(large)]),
       stream: () => compileStreaming(response()) })[workerData]();`;
  const code = `${SETUP} for (let i = 0; i < 8; i++) for (const workerData of ['sync', 'async', 'stream']) {
      const started = worker(${JSON.stringify(inWorker)}, { workerData });
      await once(started, 'message');
      await sleep(i * 20);
      await started.terminate();
    }
    // The threads that compile are still there for others.
    const module = await WebAssembly.compile(large, { tier: 'quick' });
    console.log(WebAssembly.Module.exports(module).length > 0);
    process.exit(0);`;
  assert.equal(await succeed(scriptWith({}, code), { ...options, timeout: 220_000 }), 'true');
});

test('GANTRY_THREADS bounds threads', { skip: process.platform !== 'linux', timeout: 240_000 }, async () => {
  const code = `${SETUP} const fs = require('node:fs');
    // A new thread has the name of the one that starts it for a moment: what is seen twice counts.
    let before = new Map();
    const count = () => {
      const now = new Map();
      for (const id of fs.readdirSync('/proc/self/task')) {
        // It may have ended meanwhile.
        try { now.set(id, fs.readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim()); } catch {}
      }
      const names = [...now].filter(([id, name]) => before.get(id) === name).map(([, name]) => name);
      before = now;
      return ['gantry-validate', 'gantry-async'].map((name) => names.filter((other) => other === name).length);
    };
    let validating = 0; let asked = 0;
    const timer = setInterval(() => {
      const [validate, async] = count();
      validating = Math.max(validating, validate);
      asked = Math.max(asked, validate + async);
    }, 1);
    const { compile, compileStreaming, validate } = WebAssembly;
    const response = () => new Response(large, { headers: { 'Content-Type': 'application/wasm' } });
    const work = Array.from({ length: 3 }, () => [compile(large, { tier: 'quick' }), compileStreaming(response(), { tier: 'quick' })]);
    await Promise.all(work.flat());
    validate(large);
    clearInterval(timer);
    // Beside them there is one that starts others.
    console.log(validating, asked - 1);`;
  for (const threads of [1, 2]) {
    const env = { ...options.env, GANTRY_THREADS: `${threads}` };
    const printed = await succeed(scriptWith({}, code), { env, timeout: 100_000 });
    const [validating, asked] = printed.split(' ').map(Number);
    assert.ok(validating < threads && asked <= 2 * threads - 1, `${threads} threads: ${printed}`);
  }
});

test(
  'GANTRY_THREADS bounds threads that optimise',
  { skip: process.platform !== 'linux', timeout: 240_000 },
  async () => {
    const functions = Array.from(
      { length: 1500 },
      (_, i) => `(func (param i32) (result i32) local.get 0 i32.const ${i} i32.mul)`,
    );
    const modules = Object.fromEntries(
      [1, 2, 3].map((i) => [
        `m${i}`,
        `(module (func (export "f") (result i32) i32.const ${i}) ${functions.join('')})`,
      ]),
    );
    // A thread is named before it takes work, and gone when it has none: all that are seen count.
    const code = `const fs = require('node:fs');
    const count = () => fs.readdirSync('/proc/self/task').filter((id) => {
      // It may have ended meanwhile.
      try { return fs.readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim() === 'gantry-compile'; } catch { return false; }
    }).length;
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, count())), 1);
    const work = Object.keys(MODULES).map((name) => WebAssembly.compile(bytes(name), { tier: 'optimized' }));
    await Promise.all(work);
    clearInterval(timer);
    console.log(most);`;
    for (const threads of [1, 2, 3]) {
      const env = { GANTRY_CACHE: 'off', GANTRY_THREADS: `${threads}` };
      const most = Number(await succeed(scriptWith(modules, code), { env, timeout: 100_000 }));
      // One of those who work is who asked.
      assert.ok(most < threads, `${most} of ${threads}`);
    }
    const env = { GANTRY_CACHE: 'off', GANTRY_THREADS: '3' };
    const configured = `require('.').configure({ threads: 1 }); ${code}`;
    assert.equal(await succeed(scriptWith(modules, configured), { env, timeout: 100_000 }), '0');
  },
);

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
