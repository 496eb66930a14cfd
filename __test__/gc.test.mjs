// The garbage-collected heap: values in JavaScript, what is kept and what is freed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebAssembly } from 'gantry-wasm';
import { scriptWith, succeed } from './helpers/child.mjs';
import { text } from './helpers/wat.mjs';

const instance = (source, imports) =>
  new WebAssembly.Instance(new WebAssembly.Module(text(source)), imports).exports;

test('structs and arrays are opaque frozen objects with identity', () => {
  const { make, same, array } = instance(`(module
    (type $point (struct (field (mut i32)) (field f64)))
    (type $list (array (mut i64)))
    (global $last (mut (ref null $point)) (ref.null $point))
    (func (export "make") (result (ref $point))
      (global.set $last (struct.new $point (i32.const 1) (f64.const 2)))
      (ref.as_non_null (global.get $last)))
    (func (export "same") (result anyref) (global.get $last))
    (func (export "array") (result anyref) (array.new $list (i64.const 7) (i32.const 3))))`);
  const point = make();
  assert.equal(typeof point, 'object');
  assert.equal(Object.getPrototypeOf(point), null);
  assert.ok(Object.isFrozen(point));
  assert.deepEqual(Reflect.ownKeys(point), []);
  assert.throws(() => {
    point.x = 1;
  }, TypeError);
  assert.equal(same(), point);
  assert.notEqual(make(), point);
  assert.notEqual(array(), array());
  assert.equal(new WeakMap([[point, 'a key']]).get(point), 'a key');
});

test('values of each hierarchy cross in both directions', () => {
  const { any, i31, eq, strct, concrete, nonNull, isI31, toExtern, point } = instance(`(module
    (type $point (struct (field i32)))
    (type $other (struct (field f32)))
    (func (export "point") (result (ref $point)) (struct.new $point (i32.const 5)))
    (func (export "any") (param anyref) (result anyref) (local.get 0))
    (func (export "i31") (param i31ref) (result i31ref) (local.get 0))
    (func (export "eq") (param eqref) (result eqref) (local.get 0))
    (func (export "strct") (param structref) (result structref) (local.get 0))
    (func (export "concrete") (param (ref null $point)) (result i32)
      (struct.get $point 0 (local.get 0)))
    (func (export "nonNull") (param (ref any)) (result anyref) (local.get 0))
    (func (export "isI31") (param externref) (result i32)
      (ref.test (ref i31) (any.convert_extern (local.get 0))))
    (func (export "toExtern") (param anyref) (result externref) (extern.convert_any (local.get 0))))`);
  const p = point();
  for (const value of [
    null,
    undefined,
    0,
    -1,
    2 ** 30 - 1,
    -(2 ** 30),
    2 ** 30,
    1.5,
    -0,
    NaN,
    'text',
    5n,
    {},
    p,
  ]) {
    assert.ok(Object.is(any(value), value), typeof value);
    assert.ok(Object.is(toExtern(value), value), typeof value);
  }
  assert.deepEqual([0, -1, 2 ** 30 - 1, -(2 ** 30), null].map(i31), [0, -1, 2 ** 30 - 1, -(2 ** 30), null]);
  for (const wrong of [2 ** 30, 1.5, -0, 'text', {}, p]) assert.throws(() => i31(wrong), TypeError);
  assert.deepEqual([p, 3, null].map(eq), [p, 3, null]);
  assert.throws(() => eq('text'), TypeError);
  assert.deepEqual([p, null].map(strct), [p, null]);
  assert.throws(() => strct(3), TypeError);
  assert.equal(concrete(p), 5);
  assert.throws(() => concrete({}), TypeError);
  assert.throws(() => concrete(null), { name: 'RuntimeError', message: 'dereferencing a null pointer' });
  assert.throws(() => nonNull(null), TypeError);
  assert.deepEqual([5, -0, 'text', null].map(isI31), [1, 0, 0, 0]);
});

test('types are equal across modules when their definitions are', () => {
  const types = '(rec (type $a (struct (field (ref null $b)))) (type $b (struct (field i32))))';
  const one = instance(`(module ${types}
    (func (export "make") (result (ref $a)) (struct.new $a (struct.new $b (i32.const 9)))))`);
  const two = instance(
    `(module (type (func)) ${types} (import "m" "make" (func $make (result (ref $a))))
    (func (export "read") (result i32) (struct.get $b 0 (struct.get $a 0 (call $make)))))`,
    { m: one },
  );
  assert.equal(two.read(), 9);
  assert.throws(
    () => instance('(module (type $a (struct)) (import "m" "make" (func (result (ref $a)))))', { m: one }),
    WebAssembly.LinkError,
  );
});

test('garbage is freed while wasm runs, live objects are not', () => {
  const { run } = instance(`(module
    (type $node (struct (field i32) (field (mut (ref null $node)))))
    (type $nodes (array (mut (ref null $node))))
    ;; Keeps a table of the last 1000 nodes, each with a chain of 10, and makes many more.
    (func (export "run") (param $rounds i32) (result i32)
      (local $kept (ref $nodes)) (local $i i32) (local $j i32) (local $node (ref null $node)) (local $bad i32)
      (local.set $kept (array.new_default $nodes (i32.const 1000)))
      (loop $next
        (local.set $node (ref.null $node))
        (local.set $j (i32.const 0))
        (loop $chain
          (local.set $node (struct.new $node (local.get $i) (local.get $node)))
          (br_if $chain (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 10))))
        (array.set $nodes (local.get $kept) (i32.rem_u (local.get $i) (i32.const 1000)) (local.get $node))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $rounds))))
      ;; All that was kept must be whole.
      (local.set $i (i32.const 0))
      (loop $check
        (local.set $node (array.get $nodes (local.get $kept) (local.get $i)))
        (local.set $j (i32.const 0))
        (loop $follow
          (if (ref.is_null (local.get $node)) (then (return (i32.const -1))))
          (if (i32.ne (i32.rem_u (struct.get $node 0 (local.get $node)) (i32.const 1000)) (local.get $i))
            (then (local.set $bad (i32.add (local.get $bad) (i32.const 1)))))
          (local.set $node (struct.get $node 1 (local.get $node)))
          (br_if $follow (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 10))))
        (br_if $check (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
      (local.get $bad)))`);
  run(10_000);
  const before = process.memoryUsage.rss();
  assert.equal(run(2_000_000), 0);
  const more = (process.memoryUsage.rss() - before) / 1e6;
  assert.ok(more < 150, `${more} MB more`);
});

test('what JavaScript holds is kept, what it drops is freed', async () => {
  const pairs = `(module
    (type $pair (struct (field i32) (field externref)))
    (type $bytes (array (mut i8)))
    (func (export "make") (param i32 externref) (result (ref $pair)) (struct.new $pair (local.get 0) (local.get 1)))
    (func (export "read") (param (ref $pair)) (result i32 externref)
      (struct.get $pair 0 (local.get 0)) (struct.get $pair 1 (local.get 0)))
    (func (export "churn") (param i32)
      (loop $l (drop (array.new_default $bytes (i32.const 10000)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`;
  const script = scriptWith(
    { pairs },
    `
    const { make, read, churn } = exportsOf('pairs');
    const kept = Array.from({ length: 1000 }, (_, i) => make(i, { i }));
    const gone = (() => new WeakRef(make(1, {})))();
    let dropped = 0;
    const registry = new FinalizationRegistry(() => dropped++);
    for (let i = 0; i < 1000; i++) {
      const value = {};
      registry.register(value);
      make(i, value);
    }
    for (let round = 0; round < 30; round++) {
      churn(5_000);
      await sleep(20);
      gc();
    }
    kept.forEach((object, i) => {
      const [number, value] = read(object);
      assert.equal(number, i);
      assert.equal(value.i, i);
    });
    assert.equal(gone.deref(), undefined);
    assert.ok(dropped > 900, dropped + ' host values were freed');`,
  );
  await succeed(script, { flags: ['--expose-gc'] });
});

test('a full heap is a trap, and the process goes on', () => {
  const { fill, small } = instance(`(module
    (type $big (array (mut i64)))
    (type $list (struct (field (ref $big)) (field (ref null $list))))
    (func (export "small") (result i32) (array.len (array.new_default $big (i32.const 10))))
    (func (export "fill")
      (local $list (ref null $list))
      (loop $more
        (local.set $list (struct.new $list (array.new_default $big (i32.const 100_000_000)) (local.get $list)))
        (br $more))))`);
  assert.throws(fill, { name: 'RuntimeError', message: 'requested new array is too large' });
  assert.equal(small(), 10);
});
