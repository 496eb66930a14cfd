// Exceptions between wasm and JavaScript: Tag, Exception and JSTag, in both encodings. Node 20's own engine has not all of it,
// so that answers are known ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebAssembly } from 'gantry-wasm';
import { text } from './helpers/wat.mjs';

const instance = (source, imports) => new WebAssembly.Instance(new WebAssembly.Module(text(source)), imports);

/** Calls an import and returns 1 with what it threw, if that was of the tag, or 2 for anything else; 0 if it returned. */
const CATCHER = `(module
  (import "m" "tag" (tag $tag (param i32 i64 f64 externref)))
  (import "m" "call" (func $call))
  (func (export "run") (result i32 i32 i64 f64 externref)
    (block $caught (result i32 i64 f64 externref)
      (block $other
        (try_table (catch $tag $caught) (catch_all $other) (call $call))
        (return (i32.const 0) (i32.const 0) (i64.const 0) (f64.const 0) (ref.null extern)))
      (return (i32.const 2) (i32.const 0) (i64.const 0) (f64.const 0) (ref.null extern)))
    (local.set 0) (local.set 1) (local.set 2) (local.set 3)
    (i32.const 1) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
)`.replace(
  '(result i32 i32 i64 f64 externref)',
  '(result i32 i32 i64 f64 externref) (local externref f64 i64 i32)',
);

test('what JavaScript throws arrives in wasm with its values', () => {
  const tag = new WebAssembly.Tag({ parameters: ['i32', 'i64', 'f64', 'externref'] });
  const object = { any: 'thing' };
  let act = () => {};
  const { run } = instance(CATCHER, { m: { tag, call: () => act() } }).exports;
  assert.deepEqual(run()[0], 0);
  act = () => {
    throw new WebAssembly.Exception(tag, [-7, 2n ** 40n, 1.5, object]);
  };
  const [how, ...values] = run();
  assert.equal(how, 1);
  assert.deepEqual(values.slice(0, 3), [-7, 2n ** 40n, 1.5]);
  assert.equal(values[3], object);
  act = () => {
    throw new TypeError('plain');
  };
  assert.equal(run()[0], 2);
  act = () => {
    throw new WebAssembly.Exception(new WebAssembly.Tag({ parameters: [] }), []);
  };
  assert.equal(run()[0], 2);
});

test('traps are not caught, not even after they have passed through JavaScript', () => {
  const tag = new WebAssembly.Tag({ parameters: ['i32', 'i64', 'f64', 'externref'] });
  const { trap } = instance('(module (func (export "trap") unreachable))').exports;
  const { run } = instance(CATCHER, { m: { tag, call: trap } }).exports;
  assert.throws(run, WebAssembly.RuntimeError);
  const through = instance(CATCHER, { m: { tag, call: () => trap() } }).exports;
  assert.throws(through.run, { name: 'RuntimeError', message: 'unreachable' });
});

test('what wasm throws is an Exception with its tag and values', () => {
  const { thrower, tag } = instance(`(module
      (tag (export "tag") (param i32 f32 i64))
      (func (export "thrower") (param i32) (throw 0 (local.get 0) (f32.const 0.5) (i64.const -1))))`).exports;
  assert.ok(tag instanceof WebAssembly.Tag);
  for (let i = 0; i < 3; i++) {
    assert.throws(
      () => thrower(i),
      (error) => {
        assert.ok(error instanceof WebAssembly.Exception);
        assert.ok(error.is(tag));
        assert.ok(!error.is(WebAssembly.JSTag));
        assert.deepEqual(
          [0, 1, 2].map((n) => error.getArg(tag, n)),
          [i, 0.5, -1n],
        );
        assert.throws(() => error.getArg(tag, 3), RangeError);
        assert.throws(() => error.getArg(WebAssembly.JSTag, 0), TypeError);
        return true;
      },
    );
  }
});

test('an error of JavaScript that wasm catches with all and throws again is the same error', () => {
  const rethrower = `(module
    (import "m" "call" (func $call))
    (func (export "new")
      (block $caught (result exnref)
        (try_table (catch_all_ref $caught) (call $call))
        (return))
      (throw_ref))
    (func (export "old") try call $call catch_all rethrow 0 end))`;
  const error = new Error('mine');
  const { stack } = error;
  const exports = instance(rethrower, {
    m: {
      call() {
        throw error;
      },
    },
  }).exports;
  for (const run of [exports.new, exports.old]) {
    assert.throws(run, (thrown) => thrown === error && thrown.stack === stack);
  }
});

test('JSTag catches every value and gives it back', () => {
  const source = `(module
    (import "m" "jsTag" (tag $js (param externref)))
    (import "m" "call" (func $call))
    (func (export "run") (result externref)
      (block $caught (result externref)
        (try_table (catch $js $caught) (call $call))
        (return (ref.null extern)))))`;
  let value;
  const imports = {
    m: {
      jsTag: WebAssembly.JSTag,
      call() {
        throw value;
      },
    },
  };
  const { run } = instance(source, imports).exports;
  for (value of [undefined, null, 3, 'text', Symbol.iterator, { an: 'object' }, new Error('e')]) {
    assert.equal(run(), value);
  }
  const tag = new WebAssembly.Tag({ parameters: ['i32'] });
  value = new WebAssembly.Exception(tag, [1]);
  assert.throws(run, (error) => error === value);
  assert.throws(() => new WebAssembly.Exception(WebAssembly.JSTag, [1]), TypeError);
});

test('an exception crosses instances and JavaScript frames in between', () => {
  const { throwIt, tag } = instance(
    '(module (tag (export "tag") (param i32)) (func (export "throwIt") (param i32) (throw 0 (local.get 0))))',
  ).exports;
  const source = `(module
    (import "m" "tag" (tag $tag (param i32)))
    (import "m" "call" (func $call (param i32)))
    (func (export "run") (param i32) (result i32)
      (block $caught (result i32)
        (try_table (catch $tag $caught) (call $call (local.get 0)))
        (i32.const -1))))`;
  for (const call of [throwIt, (value) => throwIt(value + 100)]) {
    const { run } = instance(source, { m: { tag, call } }).exports;
    assert.equal(run(5), call === throwIt ? 5 : 105);
  }
});

test('the older encoding: catch, delegate, rethrow', () => {
  const { run } = instance(`(module
      (tag $a (param i32)) (tag $b (param i64))
      (func $throw (param i32)
        (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $a (i32.const 10))))
        (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $b (i64.const 20)))))
      (func (export "run") (param i32) (result i32)
        try (result i32)
          try (result i32)
            try
              local.get 0
              call $throw
            delegate 1
            i32.const 0
          catch $a
            drop
            i32.const -5
          end
        catch $a
          i32.const 1
          i32.add
        catch $b
          drop
          try (result i32)
            rethrow 1
          catch_all
            i32.const 77
          end
        end))`).exports;
  // The delegate passes over the inner handler.
  assert.deepEqual(
    [0, 1, 2].map((n) => run(n)),
    [0, 11, 77],
  );
});

test('descriptors and receivers', () => {
  assert.throws(() => WebAssembly.Tag({ parameters: [] }), TypeError);
  assert.throws(() => new WebAssembly.Tag(), TypeError);
  assert.throws(() => new WebAssembly.Tag({}), TypeError);
  assert.throws(() => new WebAssembly.Tag({ parameters: ['i31'] }), TypeError);
  const tag = new WebAssembly.Tag({ parameters: ['i32'] });
  assert.throws(() => new WebAssembly.Exception(tag), TypeError);
  assert.throws(() => new WebAssembly.Exception({}, []), TypeError);
  assert.throws(() => new WebAssembly.Exception(tag, []), TypeError);
  assert.throws(() => new WebAssembly.Exception(tag, [1, 2]), TypeError);
  assert.throws(() => WebAssembly.Exception.prototype.is.call({}, tag), TypeError);
  assert.equal(new WebAssembly.Exception(tag, [1]).stack, undefined);
  assert.match(new WebAssembly.Exception(tag, [1], { traceStack: true }).stack, /exceptions\.test\.mjs/);
  assert.equal(Object.prototype.toString.call(tag), '[object WebAssembly.Tag]');
});

test('a million throws leave nothing behind', { timeout: 60_000 }, () => {
  const { run } = instance(`(module
      (tag $t (param i64))
      (func $thrower (param i64) (throw $t (local.get 0)))
      (func (export "run") (param i32) (result i64) (local i64)
        (loop $again
          (block $caught (result i64)
            (try_table (catch $t $caught) (call $thrower (i64.extend_i32_u (local.get 0))))
            (unreachable))
          (local.set 1 (i64.add (local.get 1)))
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))`).exports;
  run(100_000);
  const before = process.memoryUsage.rss();
  assert.equal(run(1_000_000), 500_000_500_000n);
  assert.ok(
    process.memoryUsage.rss() - before < 60e6,
    `${(process.memoryUsage.rss() - before) / 1e6} MB more`,
  );
});
