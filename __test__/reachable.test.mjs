// What can still be reached, by JavaScript or by wasm, survives garbage collections.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptWith, succeed } from './helpers/child.mjs';

const MODULES = {
  plain: `(module (func (export "f") (result i32) (i32.const 7)))`,
  memory: `(module (memory (export "m") 1 9) (func (export "load") (result i32) (i32.load (i32.const 0)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))`,
  imports: `(module (import "m" "f" (func $f (result i32))) (func (export "f") (result i32) (call $f)))`,
  table: `(module (import "m" "t" (table 4 funcref)) (import "m" "f" (func $i (result i32)))
    (func $f (result i32) (call $i)) (elem (i32.const 0) $f $i))`,
  caller: `(module (import "m" "t" (table 4 funcref))
    (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))`,
  /* Keeps a function of whoever calls it in a table and a global that only wasm knows. */
  keeper: `(module (table $t 4 funcref) (global $g (mut funcref) (ref.null func))
    (func (export "keep") (param funcref) (table.set $t (i32.const 0) (local.get 0)) (global.set $g (local.get 0)))
    (func (export "call") (result i32) (call_indirect (result i32) (i32.const 0)))
    (func (export "get") (result funcref) (table.get $t (i32.const 0)))
    (func (export "getGlobal") (result funcref) (global.get $g)))`,
  giver: `(module (import "k" "keep" (func $keep (param funcref))) (import "m" "f" (func $i (result i32)))
    (elem declare func $f $i)
    (func $f (result i32) (call $i))
    (func (export "give") (call $keep (ref.func $f))) (func (export "giveImport") (call $keep (ref.func $i))))`,
  externs: `(module (table $t 4 externref) (global $g (mut externref) (ref.null extern))
    (func (export "keep") (param externref) (table.set $t (i32.const 0) (local.get 0)) (global.set $g (local.get 0)))
    (func (export "get") (result externref externref) (table.get $t (i32.const 0)) (global.get $g)))`,
  holding: `(module (import "m" "f" (func $f)) (func (export "hold") (param externref funcref) (result externref funcref)
    (call $f) (local.get 0) (local.get 1)))`,
  returning: `(module (import "m" "f" (func $f (result funcref))) (global $g (mut funcref) (ref.null func))
    (func (export "store") (global.set $g (call $f))) (func (export "get") (result funcref) (global.get $g)))`,
  mover: `(module (import "m" "from" (table $from 4 funcref)) (import "m" "to" (table $to 4 funcref))
    (table $own 4 funcref)
    (func (export "move") (table.copy $to $from (i32.const 0) (i32.const 0) (i32.const 4))
      (table.copy $own $from (i32.const 0) (i32.const 0) (i32.const 4))
      (table.fill $from (i32.const 0) (ref.null func) (i32.const 4)))
    (func (export "call") (param i32) (result i32) (call_indirect $own (result i32) (local.get 0))))`,
  toGlobal: `(module (import "m" "t" (table 4 funcref)) (import "m" "g" (global $g (mut funcref)))
    (func (export "move") (global.set $g (table.get (i32.const 0)))
      (table.fill (i32.const 0) (ref.null func) (i32.const 4))))`,
  segment: `(module (import "m" "f" (func $i (result i32))) (table $t 1 funcref) (elem $e func $i)
    (func (export "call") (result i32) (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1))
      (call_indirect (result i32) (i32.const 0))))`,
};

const HELPERS = `
  const make = (name, imports) => exportsOf(name, imports);
  /** Collects whatever can be collected, in both heaps. */
  async function collect() {
    for (let n = 0; n < 3; n++) {
      gc();
      for (let i = 0; i < 2500; i++) exportsOfPlain();
      gc();
      await sleep(5);
    }
  }
  const plain = new WebAssembly.Module(bytes('plain'));
  const exportsOfPlain = () => new WebAssembly.Instance(plain);
`;

const survives = (name, code) =>
  test(name, { timeout: 60_000 }, async () => {
    const script = scriptWith(MODULES, `${HELPERS}${code}\nconsole.log('ok');`);
    assert.equal(await succeed(script, { flags: ['--expose-gc'] }), 'ok');
  });

survives(
  'a buffer alone keeps its memory',
  `const views = Array.from({ length: 50 }, (_, n) => new Uint8Array(make('memory').m.buffer).fill(n));
  await collect();
  for (let i = 0; i < 50; i++) new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer).fill(255);
  views.forEach((view, n) => assert.ok(view.length === 65536 && view.every((byte) => byte === n)));`,
);

survives(
  'a memory alone keeps its buffer as it is',
  `const memory = make('memory').m;
  memory.buffer.mark = 1;
  await collect();
  assert.equal(memory.buffer.mark, 1);`,
);

survives(
  'an exported function alone keeps its instance and its imports',
  `const f = make('imports', { m: { f: () => 9 } }).f;
  const grow = make('memory').grow;
  await collect();
  assert.equal(f(), 9);
  assert.equal(grow(), 1);
  assert.equal(grow(), 2);`,
);

survives(
  'expandos and identity of exported functions, memories, tables and globals',
  `let e = make('memory');
  const { m } = e;
  e.load.mark = 5;
  const t = new WebAssembly.Table({ element: 'anyfunc', initial: 4 }, e.load);
  e = null;
  await collect();
  assert.equal(t.get(0).mark, 5);
  assert.equal(t.get(0), t.get(3));
  new Uint8Array(m.buffer)[0] = 3;
  assert.equal(t.get(1)(), 3);`,
);

survives(
  'a table keeps the functions that segments wrote into it',
  `const t = new WebAssembly.Table({ element: 'anyfunc', initial: 4 });
  make('table', { m: { t, f: () => 11 } });
  const { call } = make('caller', { m: { t } });
  await collect();
  assert.equal(call(0), 11);
  assert.equal(call(1), 11);
  assert.equal(t.get(0)(), 11);
  assert.equal(t.get(1)(), 11);`,
);

survives(
  'the table itself may be forgotten by JavaScript',
  `const { call } = (() => {
    const t = new WebAssembly.Table({ element: 'anyfunc', initial: 4 });
    make('table', { m: { t, f: () => 11 } });
    t.set(2, make('imports', { m: { f: () => 12 } }).f);
    return make('caller', { m: { t } });
  })();
  await collect();
  assert.deepEqual([0, 1, 2].map(call), [11, 11, 12]);`,
);

for (const give of ['give', 'giveImport']) {
  survives(
    `a function that was passed from wasm to wasm (${give})`,
    `const k = make('keeper');
    (() => make('giver', { k, m: { f: () => 13 } }).${give}())();
    await collect();
    assert.equal(k.call(), 13);
    assert.equal(k.get()(), 13);
    assert.equal(k.getGlobal()(), 13);
    assert.equal(k.get(), k.getGlobal());`,
  );
}

survives(
  'functions that wasm moved to other tables',
  `const [from, to] = [1, 2].map(() => new WebAssembly.Table({ element: 'anyfunc', initial: 4 }));
  const { move, call } = make('mover', { m: { from, to } });
  make('table', { m: { t: from, f: () => 20 } });
  move();
  await collect();
  for (let n = 0; n < 300; n++) make('caller', { m: { t: from } });
  await collect();
  assert.equal(from.get(0), null);
  for (const index of [0, 1]) {
    assert.equal(call(index), 20);
    assert.equal(to.get(index)(), 20);
  }`,
);

survives(
  'a function that wasm moved through a shared global',
  `const t = new WebAssembly.Table({ element: 'anyfunc', initial: 4 });
  const g = new WebAssembly.Global({ value: 'anyfunc', mutable: true });
  make('table', { m: { t, f: () => 21 } });
  make('toGlobal', { m: { t, g } }).move();
  await collect();
  for (let n = 0; n < 300; n++) make('caller', { m: { t } });
  await collect();
  assert.equal(t.get(0), null);
  assert.equal(g.value(), 21);`,
);

survives(
  'a function that was passed from JavaScript',
  `const k = make('keeper');
  k.keep(make('imports', { m: { f: () => 14 } }).f);
  await collect();
  assert.equal(k.call(), 14);
  assert.equal(k.get()(), 14);`,
);

survives(
  'a function that an import returned',
  `const { store, get } = make('returning', { m: { f: () => make('imports', { m: { f: () => 15 } }).f } });
  store();
  await collect();
  assert.equal(get()(), 15);`,
);

survives(
  'host values in tables and globals that only wasm knows',
  `const { keep, get } = make('externs');
  keep({ value: 16 });
  await collect();
  assert.deepEqual(get().map((value) => value.value), [16, 16]);
  const weak = new WeakRef(get()[0]);
  await sleep(0);
  keep(null);
  await collect();
  assert.equal(weak.deref(), undefined);`,
);

survives(
  'values in locals of active frames',
  `const { hold } = make('holding', { m: { f: () => { gc(); for (let i = 0; i < 5000; i++) exportsOfPlain(); gc(); } } });
  for (let n = 0; n < 5; n++) {
    const [value, f] = hold({ n }, make('imports', { m: { f: () => n } }).f);
    assert.equal(value.n, n);
    assert.equal(f(), n);
  }`,
);

survives(
  'many values at once, some dropped',
  `const table = new WebAssembly.Table({ element: 'externref', initial: 50_000 });
  for (let n = 0; n < 50_000; n++) table.set(n, { n });
  for (let n = 0; n < 50_000; n += 2) table.set(n, null);
  await collect();
  for (let n = 0; n < 50_000; n++) table.get(n) === null ? assert.ok(n % 2 === 0) : assert.equal(table.get(n).n, n);`,
);

survives(
  'passive element segments',
  `const { call } = make('segment', { m: { f: make('imports', { m: { f: () => 17 } }).f } });
  await collect();
  assert.equal(call(), 17);`,
);

survives(
  'a global that holds a function',
  `const g = new WebAssembly.Global({ value: 'anyfunc', mutable: true }, make('imports', { m: { f: () => 18 } }).f);
  await collect();
  assert.equal(g.value(), 18);
  g.value = make('imports', { m: { f: () => 19 } }).f;
  await collect();
  assert.equal(g.value(), 19);`,
);
