// JavaScript promise integration: wasm that waits for promises.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebAssembly } from 'gantry-wasm';
import { scriptWith, succeed } from './helpers/child.mjs';
import { instanceOf } from './helpers/wat.mjs';

const { Suspending, SuspendError, promising } = WebAssembly;

/** Adds what the import gives for the numbers from $n down to 1. */
const SUM = `(module
  (import "m" "get" (func $get (param i32) (result i32)))
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $get (local.get $n))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))`;

test('wasm waits for each promise, and JavaScript goes on', async () => {
  const seen = [];
  const get = new Suspending(async (n) => {
    seen.push(n);
    await sleep(1);
    return n * 10;
  });
  const { sum } = instanceOf(WebAssembly, SUM, { m: { get } });
  const promise = promising(sum)(3);
  assert.ok(promise instanceof Promise);
  assert.deepEqual(seen, [3]);
  assert.equal(await promise, 60);
  assert.deepEqual(seen, [3, 2, 1]);
});

test('many computations interleave', async () => {
  const get = new Suspending((n) => sleep((n * 7) % 5, n));
  const { sum } = instanceOf(WebAssembly, SUM, { m: { get } });
  const run = promising(sum);
  const results = await Promise.all(Array.from({ length: 100 }, (_, i) => run(i + 1)));
  results.forEach((result, i) => assert.equal(result, ((i + 1) * (i + 2)) / 2));
});

test('what is no promise suspends too', async () => {
  const seen = [];
  const get = new Suspending((n) => (seen.push(n), n));
  const { sum } = instanceOf(WebAssembly, SUM, { m: { get } });
  assert.throws(() => sum(4), SuspendError);
  assert.deepEqual(seen, []);
  const promise = promising(sum)(4);
  assert.deepEqual(seen, [4]);
  assert.equal(await promise, 10);
});

test('a rejection is thrown into wasm, and out of it', async () => {
  const reason = new Error('why');
  const get = new Suspending(() => Promise.reject(reason));
  const { sum } = instanceOf(WebAssembly, SUM, { m: { get } });
  await assert.rejects(promising(sum)(1), (error) => error === reason);
  const { run } = instanceOf(
    WebAssembly,
    `(module (import "m" "get" (func $get (param i32) (result i32)))
      (func (export "run") (result i32)
        (try (result i32) (do (call $get (i32.const 1))) (catch_all (i32.const -5)))))`,
    { m: { get } },
  );
  assert.equal(await promising(run)(), -5);
});

test('there is nothing to suspend without promising, or with JavaScript in between', async () => {
  const get = new Suspending(async () => 1);
  const { sum } = instanceOf(WebAssembly, SUM, { m: { get } });
  assert.throws(() => sum(1), SuspendError);
  const outer = instanceOf(WebAssembly, SUM, { m: { get: (n) => sum(n) } });
  await assert.rejects(promising(outer.sum)(1), SuspendError);
});

test('a promising export called deep in other wasm gives it the promise', async () => {
  const get = new Suspending((n) => sleep(1, n));
  const { sum } = instanceOf(WebAssembly, SUM, { m: { get } });
  const { start, finish } = instanceOf(
    WebAssembly,
    `(module (import "m" "sum" (func $sum (param i32) (result externref)))
      (import "m" "wait" (func $wait (param externref) (result i32)))
      (func (export "start") (result externref) (call $sum (i32.const 3)))
      (func (export "finish") (result i32)
        (i32.add (call $wait (call $sum (i32.const 3))) (call $wait (call $sum (i32.const 4))))))`,
    { m: { sum: promising(sum), wait: new Suspending((promise) => promise) } },
  );
  assert.equal(await start(), 6);
  assert.equal(await promising(finish)(), 16);
});

test('traps and wrong arguments reject', async () => {
  const get = new Suspending(() => sleep(1, 1n));
  const { sum } = instanceOf(WebAssembly, SUM, { m: { get } });
  await assert.rejects(promising(sum)(1), TypeError);
  await assert.rejects(promising(sum)(Symbol('no number')), TypeError);
  const { boom } = instanceOf(
    WebAssembly,
    `(module (import "m" "get" (func $get)) (func (export "boom") (call $get) unreachable))`,
    { m: { get: new Suspending(() => sleep(1)) } },
  );
  await assert.rejects(promising(boom)(), { name: 'RuntimeError', message: 'unreachable' });
});

test('interfaces', () => {
  assert.throws(() => new Suspending(), TypeError);
  assert.throws(() => new Suspending({}), TypeError);
  assert.throws(() => Suspending(() => {}), TypeError);
  assert.throws(() => promising(() => {}), TypeError);
  const { sum } = instanceOf(WebAssembly, SUM, { m: { get: new Suspending(() => 1) } });
  assert.equal(promising(sum).length, 1);
  assert.throws(() => new (promising(sum))(1), TypeError);
  assert.ok(new SuspendError('x') instanceof Error);
});

test('values in suspended wasm are kept; what is never gone on with is freed', async () => {
  const refs = `(module
    (import "m" "wait" (func $wait))
    (func (export "keep") (param externref) (result externref) (call $wait) (local.get 0)))`;
  const script = scriptWith(
    { refs },
    `let release;
    const gate = new Promise((resolve) => (release = resolve));
    const { keep } = exportsOf('refs', { m: { wait: new WebAssembly.Suspending(() => gate) } });
    const run = WebAssembly.promising(keep);
    const kept = Array.from({ length: 50 }, (_, i) => run({ i }));
    const never = exportsOf('refs', { m: { wait: new WebAssembly.Suspending(() => new Promise(() => {})) } });
    const lost = WebAssembly.promising(never.keep);
    for (let i = 0; i < 50; i++) lost({ i });
    const before = rss();
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 500; i++) lost({ i });
      gc();
      await sleep(5);
      gc();
    }
    assert.ok(rss() - before < 150, 'stacks of calls that nobody goes on with: ' + (rss() - before) + ' MB');
    release();
    (await Promise.all(kept)).forEach((value, i) => assert.equal(value.i, i));`,
  );
  await succeed(script, { flags: ['--expose-gc'] });
});

test('100,000 suspended at once all go on, or are refused with an error that says why', async () => {
  const source = `
    const get = new WebAssembly.Suspending(() => gate);
    let open;
    const gate = new Promise((resolve) => (open = resolve));
    const { sum } = new WebAssembly.Instance(new WebAssembly.Module(bytes('sum')), { m: { get } }).exports;
    const run = WebAssembly.promising(sum);
    const settled = Promise.allSettled(Array.from({ length: 100_000 }, () => run(1)));
    open(7);
    const results = await settled;
    const done = results.filter(({ value }) => value === 7);
    const refused = results.filter(({ reason }) => reason instanceof RangeError && /too many calls/.test(reason.message));
    assert.equal(done.length + refused.length, results.length);
    assert.ok(done.length > 20_000, \`only \${done.length}\`);
    assert.equal(await run(1), 7);`;
  await succeed(scriptWith({ sum: SUM }, source));
});
