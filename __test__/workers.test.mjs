// Several environments in one process, and their ends at any moment. Each test is a process of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, scriptWith, succeed } from './helpers/child.mjs';

const MODULES = {
  add: `(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))`,
  sum: `(module (memory (export "m") 1) (func (export "sum") (param i32) (result i32) (local i32)
    (loop $l (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))`,
  forever: `(module (func (export "f") (loop $l (br $l))))`,
  calls: `(module (import "m" "f" (func $f)) (func (export "f") (call $f)) (func (export "g") (loop $l (call $f) (br $l))))`,
};

/** A module with much to compile. */
const BIG = `(module ${Array.from(
  { length: 1500 },
  (_, n) => `(func (export "f${n}") (param i32 i32) (result i32) (local i64)
    (loop $l (local.set 2 (i64.add (local.get 2) (i64.extend_i32_u (local.get 0))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const ${n + 1})))))
    (i32.wrap_i64 (i64.mul (local.get 2) (i64.const ${n}))))`,
).join('\n')})`;

const child = (name, code, { modules = MODULES, ...options } = {}) =>
  test(name, { timeout: 120_000 }, async () => {
    const expected = options.prints ?? 'ok';
    assert.equal(await succeed(scriptWith(modules, code), { timeout: 100_000, ...options }), expected);
  });

/** Code for the main thread that runs workers with `code`. */
const workers = (count, code) => `
  const results = await Promise.all(Array.from({ length: ${count} }, async () => {
    const w = worker(${JSON.stringify(code)});
    w.on('error', (error) => { console.log(error); process.exit(9); });
    const [[message], [exit]] = await Promise.all([once(w, 'message'), once(w, 'exit')]);
    assert.equal(exit, 0);
    return message;
  }));`;

child(
  '8 workers at once',
  `${workers(
    8,
    `for (let round = 0; round < 50; round++) {
      const { sum, m } = exportsOf('sum');
      assert.equal(sum(1000), 500500);
      assert.equal(new Uint8Array(m.buffer)[0], 0);
      assert.equal((await WebAssembly.instantiate(bytes('add'))).instance.exports.add(1, 2), 3);
      let calls = 0;
      exportsOf('calls', { m: { f: () => calls++ } }).f();
      assert.equal(calls, 1);
      assert.throws(() => exportsOf('calls', { m: { f() { throw new Error('x') } } }).f(), /x/);
    }
    parentPort.postMessage(7);`,
  )}
  assert.deepEqual(results, Array(8).fill(7));
  assert.equal(exportsOf('add').add(1, 2), 3);
  console.log('ok');`,
);

child(
  'workers one after the other',
  `for (let round = 0; round < 30; round++) {
    ${workers(1, `parentPort.postMessage(exportsOf('add').add(20, 22));`)}
    assert.deepEqual(results, [42]);
  }
  console.log('ok');`,
);

child(
  'the addon twice in one thread',
  `const first = WebAssembly;
  for (const file of Object.keys(require.cache)) delete require.cache[file];
  const second = require('gantry-wasm').WebAssembly;
  assert.notEqual(first, second);
  const use = (W) => new W.Instance(new W.Module(bytes('sum'))).exports;
  const [a, b] = [use(first), use(second)];
  assert.equal(a.sum(10), 55);
  assert.equal(b.sum(10), 55);
  // Calls from one into the other.
  const module = (W) => new W.Module(bytes('calls'));
  let calls = 0;
  const inner = new second.Instance(module(second), { m: { f: () => { calls++; a.sum(3); } } }).exports;
  const outer = new first.Instance(module(first), { m: { f: inner.f } }).exports;
  outer.f();
  assert.equal(calls, 1);
  const failing = new second.Instance(module(second), { m: { f() { throw calls; } } }).exports;
  try { new first.Instance(module(first), { m: { f: failing.f } }).exports.f(); } catch (e) { assert.equal(e, 1); }
  // As from another thread.
  const moved = new second.Module(bytes('sum'));
  assert.equal(new first.Instance(moved).exports.sum(10), 55);
  assert.equal(new second.Instance(moved).exports.sum(10), 55);
  assert.ok(moved instanceof second.Module);
  assert.throws(() => new first.Instance(a), TypeError);
  for (let n = 0; n < 20; n++) {
    for (const file of Object.keys(require.cache)) delete require.cache[file];
    assert.equal(use(require('gantry-wasm').WebAssembly).sum(10), 55);
  }
  console.log('ok');`,
);

child(
  'worker.terminate() in the middle of a wasm loop, 20 times',
  `for (let round = 0; round < 20; round++) {
    const w = worker("parentPort.postMessage('started'); exportsOf('forever').f();");
    await once(w, 'message');
    await sleep(round * 3);
    assert.equal(await w.terminate(), 1);
  }
  assert.equal(exportsOf('add').add(1, 2), 3);
  console.log('ok');`,
);

for (const [what, f] of Object.entries({
  'that waits': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  'that loops': 'for (;;);',
  'that calls wasm that loops': "exportsOf('forever').f()",
  'that calls back through 50 levels': 'depth++ < 50 ? exports.f() : (() => { for (;;); })()',
  'of short calls': 'depth++',
})) {
  child(
    `worker.terminate() in the middle of an import ${what}, 20 times`,
    `for (let round = 0; round < 20; round++) {
      const w = worker(${JSON.stringify(`let depth = 0;
        const exports = exportsOf('calls', { m: { f: () => { ${f} } } });
        parentPort.postMessage('started'); exports.g();`)});
      await once(w, 'message');
      await sleep(round * 2);
      assert.equal(await w.terminate(), 1);
    }
    assert.equal(exportsOf('add').add(1, 2), 3);
    console.log('ok');`,
  );
}

child(
  'process.exit() while wasm loops in workers',
  `for (let n = 0; n < 4; n++) {
    const w = worker("parentPort.postMessage('started'); exportsOf('forever').f();");
    await once(w, 'message');
  }
  console.log('ok');
  process.exit(7);`,
  { code: 7 },
);

child(
  'process.exit() in an import',
  `console.log('ok');
  exportsOf('calls', { m: { f: () => process.exit(5) } }).f();`,
  { code: 5 },
);

child(
  'process.exit() in an import in a worker',
  `${`const w = worker("exportsOf('calls', { m: { f: () => process.exit(5) } }).f();");`}
  assert.deepEqual(await once(w, 'exit'), [5]);
  assert.equal(exportsOf('add').add(1, 2), 3);
  console.log('ok');`,
);

const BIG_MODULES = { modules: { ...MODULES, big: BIG } };

child(
  'process.exit() while compilations are pending',
  `const b = bytes('big');
  for (let n = 0; n < 8; n++) WebAssembly.compile(b).then(() => {});
  await sleep(20);
  console.log('ok');
  process.exit(3);`,
  { ...BIG_MODULES, code: 3 },
);

child(
  'a pending compilation keeps the process until it is there',
  `WebAssembly.compile(bytes('big')).then(() => console.log('ok'));`,
  BIG_MODULES,
);

child(
  'workers terminated while they await compilations, 20 times',
  `for (let round = 0; round < 20; round++) {
    const w = worker(\`const b = bytes('big'); parentPort.postMessage('started');
      for (;;) await Promise.all([WebAssembly.compile(b), WebAssembly.instantiate(b)]);\`);
    await once(w, 'message');
    await sleep(round * 10);
    assert.equal(await w.terminate(), 1);
  }
  assert.equal(exportsOf('add').add(1, 2), 3);
  assert.equal((await WebAssembly.instantiate(bytes('add'))).instance.exports.add(1, 2), 3);
  console.log('ok');`,
  BIG_MODULES,
);

child(
  'workers that end right after they have started a compilation',
  `for (let round = 0; round < 10; round++) {
    const w = worker("WebAssembly.compile(bytes('big')); process.exit(0);");
    assert.deepEqual(await once(w, 'exit'), [0]);
  }
  console.log('ok');`,
  BIG_MODULES,
);

child(
  'a vm timeout interrupts wasm, and the engine goes on',
  `const vm = require('node:vm');
  const { f } = exportsOf('forever');
  const nested = exportsOf('calls', { m: { f } });
  const { add } = exportsOf('add');
  const timedOut = { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' };
  for (let round = 0; round < 20; round++) {
    for (const target of [f, nested.f, nested.g]) {
      const started = performance.now();
      assert.throws(() => vm.runInNewContext('f()', { f: target }, { timeout: 20 }), timedOut);
      assert.ok(performance.now() - started < 2000);
      assert.equal(add(round, 1), round + 1);
      assert.throws(() => exportsOf('calls', { m: { f() { throw new Error('x') } } }).f(), /x/);
    }
  }
  // Under wasm frames that are not interrupted.
  const outer = exportsOf('calls', { m: { f() {
    assert.throws(() => vm.runInNewContext('f()', { f: nested.f }, { timeout: 20 }), timedOut);
    assert.equal(add(1, 2), 3);
  } } });
  for (let round = 0; round < 10; round++) outer.f();
  console.log('ok');`,
);

test('a signal ends a process in a wasm loop', { timeout: 30_000 }, async () => {
  const script = scriptWith(
    MODULES,
    `sleep(20).then(exportsOf('forever').f);
    const killer = worker("setTimeout(() => process.kill(process.pid, 'SIGTERM'), 500);");`,
  );
  const { signal, ms } = await run(script, { timeout: 20_000 });
  assert.equal(signal, 'SIGTERM');
  assert.ok(ms < 10_000);
});

// What listens to a signal runs as soon as wasm has returned.
child(
  'signal handlers run after a long call',
  `process.once('SIGUSR2', () => console.log('ok'));
  const { sum } = exportsOf('sum');
  process.kill(process.pid, 'SIGUSR2');
  sum(1e8);
  await sleep(50);`,
);
