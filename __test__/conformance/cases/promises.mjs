// Promise integration. https://webassembly.github.io/js-promise-integration/js-api/

import assert from 'node:assert/strict';
import { instanceOf } from '../../helpers/wat.mjs';
import { NOT_OBJECTS, throwsForAll } from '../expect.mjs';

export const title = 'Promise integration';

const CALLER = `(module (import "m" "f" (func $f (param i32) (result i32))) (global $g (export "g") (mut i32) (i32.const 0))
  (func (export "call") (param i32) (result i32) (global.set $g (i32.const 1)) (call $f (local.get 0)) (global.set $g (i32.const 2)))
  (func (export "sum") (param i32) (result i32) (local $sum i32)
    (loop $l (local.set $sum (i32.add (local.get $sum) (call $f (local.get 0))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))
  (func (export "trap") (param i32) (result i32) (drop (call $f (local.get 0))) unreachable))`;
const caller = (W, f) => instanceOf(W, CALLER, { m: { f } });
const suspending = (W, f) => caller(W, new W.Suspending(f));

export const cases = {
  Suspending: {
    'wants a function, and new': (W) => {
      assert.throws(() => new W.Suspending(), TypeError);
      throwsForAll([...NOT_OBJECTS, {}], TypeError, (value) => new W.Suspending(value));
      assert.throws(() => W.Suspending(() => {}), TypeError);
      assert.equal(
        Object.prototype.toString.call(new W.Suspending(() => {})),
        '[object WebAssembly.Suspending]',
      );
    },
  },
  promising: {
    'wants an exported function': (W) => {
      assert.throws(() => W.promising(), TypeError);
      throwsForAll([...NOT_OBJECTS, {}, () => {}, W.Module], TypeError, (value) => W.promising(value));
    },
    'gives a function that cannot be constructed': (W) => {
      const promising = W.promising(caller(W, () => 1).call);
      assert.equal(typeof promising, 'function');
      assert.throws(() => new promising(), TypeError);
    },
    'gives a promise, and runs wasm at once': async (W) => {
      const { call, g } = caller(W, () => 5);
      const promise = W.promising(call)(1);
      assert.equal(Object.getPrototypeOf(promise), Promise.prototype);
      assert.equal(g.value, 2);
      assert.equal(await promise, 5);
    },
    'rejects with what wasm throws': async (W) => {
      const { trap } = suspending(W, async () => 1);
      await assert.rejects(W.promising(trap)(1), W.RuntimeError);
      const failing = caller(W, () => {
        throw new EvalError();
      });
      await assert.rejects(W.promising(failing.call)(1), EvalError);
    },
  },
  'suspend and resume': {
    'waits for a promise': async (W) => {
      const { call, g } = suspending(W, async (n) => n + 1);
      const promise = W.promising(call)(1);
      assert.equal(g.value, 1);
      assert.equal(await promise, 2);
      assert.equal(g.value, 2);
    },
    'waits also when there is no promise': async (W) => {
      const { call, g } = suspending(W, (n) => n + 1);
      const promise = W.promising(call)(1);
      assert.equal(g.value, 1);
      assert.equal(await promise, 2);
    },
    'waits for any thenable': async (W) => {
      const { call, g } = suspending(W, () => ({ then: (resolve) => resolve(3) }));
      const promise = W.promising(call)(1);
      assert.equal(g.value, 1);
      assert.equal(await promise, 3);
    },
    'again and again': async (W) => {
      const { sum } = suspending(W, async (n) => n);
      assert.equal(await W.promising(sum)(5), 15);
    },
    'several at the same time, which end in any order': async (W) => {
      const resolvers = [];
      const { call } = suspending(W, () => new Promise((resolve) => resolvers.push(resolve)));
      const calls = [0, 1, 2].map((n) => W.promising(call)(n));
      const ended = [];
      calls.forEach((promise, n) => promise.then((value) => ended.push([n, value])));
      for (const n of [1, 0, 2]) {
        resolvers[n](10 + n);
        await new Promise(setImmediate);
      }
      assert.deepEqual(ended, [
        [1, 11],
        [0, 10],
        [2, 12],
      ]);
    },
    'rejects with what the promise is rejected with': async (W) => {
      const { call } = suspending(W, () => Promise.reject(new EvalError()));
      await assert.rejects(W.promising(call)(1), EvalError);
    },
    'converts what the promise gives': async (W) => {
      assert.equal(await W.promising(suspending(W, async () => '7').call)(1), 7);
      await assert.rejects(W.promising(suspending(W, async () => 7n).call)(1), TypeError);
    },
    'nested computations wait for each other': async (W) => {
      const inner = suspending(W, async (n) => n * 2);
      const outer = suspending(W, (n) => W.promising(inner.call)(n));
      assert.equal(await W.promising(outer.call)(4), 8);
    },
  },
  SuspendError: {
    'without promising': (W) => assert.throws(() => suspending(W, async () => 1).call(1), W.SuspendError),
    'with JavaScript in between': async (W) => {
      const inner = suspending(W, async () => 1);
      await assert.rejects(W.promising(caller(W, (n) => inner.call(n)).call)(1), W.SuspendError);
    },
    'before the function is called': (W) => {
      let calls = 0;
      assert.throws(() => suspending(W, () => calls++).call(1), W.SuspendError);
      assert.equal(calls, 0);
    },
  },
};
