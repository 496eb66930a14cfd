// Promise integration. https://webassembly.github.io/js-promise-integration/js-api/

import assert from 'node:assert/strict';
import { instanceOf, text } from '../../helpers/wat.mjs';
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

/** Gives what a call of the import throws, by a tag of JavaScript's values and by one of its own; and the import itself. */
const CATCHER =
  text(`(module (import "m" "js" (tag $js (param externref))) (import "m" "own" (tag $own (param i32)))
  (import "m" "f" (func $f (result i32)))
  (func (export "catchJs") (result externref)
    (block $caught (result externref) (try_table (catch $js $caught) (drop (call $f))) (ref.null extern)))
  (func (export "catchOwn") (result i32)
    (block $caught (result i32) (try_table (result i32) (catch $own $caught) (call $f))))
  (func (export "throwOwn") (result i32) (throw $own (call $f)))
  (func $deeper (export "deeper") (result i32) (call $deeper))
  (export "import" (func $f)))`);
function catcher(W, f) {
  const own = new W.Tag({ parameters: ['i32'] });
  const imports = { m: { f, own, js: W.JSTag } };
  return { own, ...new W.Instance(new W.Module(CATCHER), imports).exports };
}

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
    'wasm catches what the promise is rejected with': async (W) => {
      const reason = {};
      const plain = catcher(W, new W.Suspending(() => Promise.reject(reason)));
      assert.equal(await W.promising(plain.catchJs)(), reason);
      const reasons = [];
      const own = catcher(W, new W.Suspending(() => Promise.reject(reasons[0])));
      reasons.push(new W.Exception(own.own, [42]));
      assert.equal(await W.promising(own.catchOwn)(), 42);
    },
    'wasm catches what the function throws at once': async (W) => {
      const { catchJs } = catcher(
        W,
        new W.Suspending(() => {
          throw 'now';
        }),
      );
      assert.equal(await W.promising(catchJs)(), 'now');
    },
    'rejects with an exception that wasm throws afterwards': async (W) => {
      const { throwOwn, own } = catcher(W, new W.Suspending(async () => 3));
      const error = await W.promising(throwOwn)().catch((reason) => reason);
      assert.ok(error instanceof W.Exception && error.is(own) && error.getArg(own, 0) === 3);
    },
    'rejects when the stack overflows': async (W) => {
      const { deeper } = catcher(W, () => 1);
      await assert.rejects(W.promising(deeper)(), RangeError);
    },
    'several results': async (W) => {
      const { g } = instanceOf(
        W,
        '(module (import "m" "f" (func $f (result i32 i64))) (func (export "g") (result i32 i64) (call $f)))',
        { m: { f: new W.Suspending(async () => new Set([1, 2n])) } },
      );
      assert.deepEqual(await W.promising(g)(), [1, 2n]);
    },
    'wherever the import is called from': async (W) => {
      const { import: reexported } = catcher(W, new W.Suspending(async () => 4));
      assert.equal(await W.promising(reexported)(), 4);
      assert.equal(await W.promising(catcher(W, reexported).catchOwn)(), 4);
    },
    'calls a proxy, a class that returns, and passes over what they do not take': async (W) => {
      const log = [];
      const f = new Proxy((...args) => (log.push(args.length), Promise.resolve(5)), {});
      assert.equal(await W.promising(suspending(W, f).call)(1, 2, 3), 5);
      assert.deepEqual(log, [1]);
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
    'when a start function calls it, or it is one': (W) => {
      const imports = { m: { f: new W.Suspending(async () => {}) } };
      for (const start of ['(start $f)', '(func $start (call $f)) (start $start)']) {
        const source = `(module (import "m" "f" (func $f)) ${start})`;
        assert.throws(() => instanceOf(W, source, imports), W.SuspendError);
      }
    },
    'when it is called from JavaScript': (W) => {
      assert.throws(catcher(W, new W.Suspending(async () => 1)).import, W.SuspendError);
    },
    'can be caught by wasm': async (W) => {
      const inner = catcher(W, new W.Suspending(async () => 1));
      assert.ok(inner.catchJs() instanceof W.SuspendError);
      const outer = catcher(W, () => inner.import());
      assert.ok((await W.promising(outer.catchJs)()) instanceof W.SuspendError);
    },
    'before the function is called': (W) => {
      let calls = 0;
      assert.throws(() => suspending(W, () => calls++).call(1), W.SuspendError);
      assert.equal(calls, 0);
    },
  },
};
