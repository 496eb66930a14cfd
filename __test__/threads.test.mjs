// Shared memories: one memory and one module on several threads.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { WebAssembly } from 'gantry-wasm';
import { scriptWith, succeed } from './helpers/child.mjs';
import { instanceOf, text } from './helpers/wat.mjs';

const shared = (initial = 1, maximum = 10) => new WebAssembly.Memory({ initial, maximum, shared: true });

test('the buffer is a SharedArrayBuffer over the memory', () => {
  const memory = shared();
  assert.ok(memory instanceof WebAssembly.Memory);
  const { buffer } = memory;
  assert.ok(buffer instanceof SharedArrayBuffer);
  assert.equal(buffer.byteLength, 65536);
  assert.equal(memory.buffer, buffer);
  assert.deepEqual(memory.type(), { minimum: 1, maximum: 10, shared: true });
  const { add, size, grow } = instanceOf(
    WebAssembly,
    `(module (import "m" "memory" (memory 1 10 shared))
      (func (export "add") (param i32 i32) (result i32) (i32.atomic.rmw.add (local.get 0) (local.get 1)))
      (func (export "size") (result i32) memory.size)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`,
    { m: { memory } },
  );
  Atomics.store(new Int32Array(buffer), 4, 40);
  assert.equal(add(16, 2), 40);
  assert.equal(Atomics.load(new Int32Array(buffer), 4), 42);
  assert.equal(grow(2), 1);
  assert.equal(size(), 3);
  assert.equal(buffer.byteLength, 65536, 'a shared buffer is not detached');
  assert.equal(memory.buffer.byteLength, 3 * 65536);
  assert.equal(memory.grow(1), 3);
  assert.equal(size(), 4);
  assert.equal(new Int32Array(memory.buffer)[4], 42);
  assert.equal(grow(7), -1);
  assert.throws(() => memory.grow(7), RangeError);
  assert.throws(() => new WebAssembly.Memory({ initial: 1, shared: true }), TypeError);
});

test('a module can define and export a shared memory', () => {
  const source = `(module
    (memory (export "memory") 1 3 shared)
    (memory (export "plain") 1)
    (data (i32.const 8) "text")
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "wait") (result i32)
      (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1000000))))`;
  const { memory, plain, grow, wait } = new WebAssembly.Instance(new WebAssembly.Module(text(source)))
    .exports;
  assert.ok(memory.buffer instanceof SharedArrayBuffer && plain.buffer instanceof ArrayBuffer);
  assert.deepEqual(memory.type(), { minimum: 1, maximum: 3, shared: true });
  assert.deepEqual([...new Uint8Array(memory.buffer, 8, 4)], [...Buffer.from('text')]);
  assert.equal(grow(), 1);
  assert.equal(structuredClone(memory).buffer.byteLength, 2 << 16);
  assert.equal(wait(), 2);
});

test('imports must be as shared as they say', () => {
  const wants = (type, memory) =>
    instanceOf(WebAssembly, `(module (import "m" "m" (memory ${type})))`, { m: { m: memory } });
  wants('1 10 shared', shared());
  assert.throws(() => wants('1 10', shared()), WebAssembly.LinkError);
  assert.throws(
    () => wants('1 10 shared', new WebAssembly.Memory({ initial: 1, maximum: 10 })),
    WebAssembly.LinkError,
  );
});

test('modules and shared memories can be cloned, also inside other things', () => {
  const module = new WebAssembly.Module(text('(module (func (export "f") (result i32) (i32.const 42)))'));
  const memory = shared();
  const { port1, port2 } = new MessageChannel();
  port1.postMessage({ deep: [new Map([['module', module]]), { memory }] });
  const { deep } = receiveMessageOnPort(port2).message;
  port1.close();
  const received = [deep[0].get('module'), structuredClone(module)];
  for (const clone of received) {
    assert.notEqual(clone, module);
    assert.ok(clone instanceof new Proxy(WebAssembly.Module, {}), 'programs wrap the class to observe it');
    assert.ok(clone instanceof WebAssembly.Module);
    assert.deepEqual(WebAssembly.Module.exports(clone), [{ name: 'f', kind: 'function' }]);
    assert.equal(new WebAssembly.Instance(clone).exports.f(), 42);
  }
  for (const clone of [deep[1].memory, structuredClone(memory)]) {
    assert.ok(clone instanceof new Proxy(WebAssembly.Memory, {}));
    assert.ok(clone instanceof WebAssembly.Memory);
    new Int32Array(clone.buffer)[7] = 77;
    assert.equal(new Int32Array(memory.buffer)[7], 77);
    new Int32Array(memory.buffer)[7] = 0;
  }
  memory.grow(1);
  assert.equal(deep[1].memory.buffer.byteLength, 2 * 65536);
});

const SUM = `(module
  (import "m" "memory" (memory 1 10 shared))
  ;; Adds the numbers from $from to $to at address 0, and says at address 4 that it is done.
  (func (export "sum") (param $from i32) (param $to i32)
    (loop $next
      (drop (i32.atomic.rmw.add (i32.const 0) (local.get $from)))
      (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 1))) (local.get $to))))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 4) (i32.const 10))))
  (func (export "wait") (param $at i32) (param $value i32) (param $timeout i64) (result i32)
    (memory.atomic.wait32 (local.get $at) (local.get $value) (local.get $timeout)))
  (func (export "wait64") (param $at i32) (param $value i64) (result i32)
    (memory.atomic.wait64 (local.get $at) (local.get $value) (i64.const -1)))
  (func (export "notify") (param $at i32) (param $count i32) (result i32)
    (memory.atomic.notify (local.get $at) (local.get $count)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "size") (result i32) memory.size))`;

/** A worker that calls the exports that it is told to. */
const SERVER = `
  const { module, nested: { memory } } = workerData;
  const { exports } = new WebAssembly.Instance(module, { m: { memory } });
  parentPort.on('message', ({ name, args }) => parentPort.postMessage(exports[name](...args)));`;

const START = `
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 10, shared: true });
  const module = new WebAssembly.Module(bytes('sum'));
  const { exports } = new WebAssembly.Instance(module, { m: { memory } });
  const workers = Array.from({ length: COUNT }, () =>
    worker(${JSON.stringify(SERVER)}, { workerData: { module, nested: { memory } } }));
  const words = new Int32Array(memory.buffer);
  const ask = (w, name, ...args) => {
    w.postMessage({ name, args });
    return once(w, 'message').then(([answer]) => answer);
  };
  const stop = () => Promise.all(workers.map((w) => w.terminate()));`;
const onWorkers = (count, code) =>
  scriptWith({ sum: SUM }, `${START.replace('COUNT', String(count))}\n${code}\nawait stop();`);

test('a parallel computation is right a thousand times in a row', { timeout: 120_000 }, async () => {
  await succeed(
    onWorkers(
      3,
      `for (let round = 0; round < 1000; round++) {
        words[0] = words[1] = 0;
        const done = workers.map((w, i) => ask(w, 'sum', 1 + i * 100, 101 + i * 100));
        exports.sum(301, 401);
        await Promise.all(done);
        assert.equal(words[0], (400 * 401) / 2);
        assert.equal(words[1], 4);
      }`,
    ),
    { timeout: 110_000 },
  );
});

test('wasm and JavaScript wait for each other and wake each other', async () => {
  await succeed(
    onWorkers(
      1,
      `const [w] = workers;
      assert.equal(exports.wait(0, 1, -1n), 1, 'another value');
      assert.equal(exports.wait(0, 0, 1_000_000n), 2, 'the time is over');
      assert.equal(exports.notify(0, 1), 0);
      // Wasm waits on the worker, JavaScript wakes it.
      let answer = ask(w, 'wait', 0, 0, -1n);
      while (Atomics.notify(words, 0) === 0) await sleep(1);
      assert.equal(await answer, 0);
      // Wasm wakes wasm, of 64 bits.
      answer = ask(w, 'wait64', 8, 0n);
      while (exports.notify(8, 1) === 0) await sleep(1);
      assert.equal(await answer, 0);
      // JavaScript waits here, wasm on the worker wakes it when it is done.
      answer = ask(w, 'sum', 1, 2);
      Atomics.wait(words, 1, 0, 10_000);
      assert.equal(words[1], 1);
      await answer;
      // A worker that waits for ever can be terminated.
      w.postMessage({ name: 'wait', args: [0, words[0], -1n] });
      await sleep(50);`,
    ),
  );
});

test('growth is seen by every thread', async () => {
  await succeed(
    onWorkers(
      2,
      `for (let pages = 1; pages < 10; pages += 3) {
        assert.equal(await ask(workers[0], 'grow'), pages);
        assert.equal(await ask(workers[1], 'size'), pages + 1);
        assert.equal(exports.size(), pages + 1);
        assert.equal(memory.buffer.byteLength, (pages + 1) * 65536);
        assert.equal(await ask(workers[1], 'grow'), pages + 1);
        assert.equal(memory.grow(1), pages + 2);
        assert.equal(await ask(workers[0], 'size'), pages + 3);
      }
      assert.equal(await ask(workers[0], 'grow'), -1);`,
    ),
  );
});

test('an instance keeps a memory whose object is gone', async () => {
  const script = scriptWith(
    { sum: SUM },
    `const make = () => new WebAssembly.Instance(new WebAssembly.Module(bytes('sum')),
      { m: { memory: new WebAssembly.Memory({ initial: 1, maximum: 10, shared: true }) } }).exports;
    const kept = Array.from({ length: 20 }, make);
    for (let i = 0; i < 10; i++) {
      gc();
      await sleep(5);
      make();
    }
    for (const { sum, grow, notify } of kept) {
      sum(1, 10);
      assert.equal(grow(), 1);
      assert.equal(notify(4, 1), 0);
    }`,
  );
  await succeed(script, { flags: ['--expose-gc'] });
});
