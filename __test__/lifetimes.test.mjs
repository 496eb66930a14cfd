// Memory stays flat when things are made and dropped, and what can still be reached stays usable.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptWith, succeed } from './helpers/child.mjs';

const MODULES = {
  plain: `(module (func (export "f") (result i32) (i32.const 7)))`,
  memory: `(module (memory (export "m") 1) (func (export "f") (result i32) (i32.store (i32.const 8) (i32.const 7))
    (i32.load (i32.const 8))))`,
  imports: `(module (import "m" "f" (func $f (result i32))) (func (export "f") (result i32) (call $f)))`,
  table: `(module (import "m" "t" (table 4 funcref)) (func $f (export "f") (result i32) (i32.const 7))
    (elem (i32.const 0) $f))`,
  both: `(module (import "m" "m" (memory 1)) (import "m" "t" (table 4 funcref)) (import "m" "f" (func $f (result i32)))
    (func $g (export "f") (result i32) (call $f)) (elem (i32.const 1) $g) (export "m" (memory 0)) (export "t" (table 0)))`,
  refs: `(module (func (export "id") (param externref) (result externref) (local.get 0))
    (table (export "t") 1 externref) (global (export "g") (mut externref) (ref.null extern)))`,
};

/** Helpers of the loops. */
const HELPERS = `
  const TIMES = 100_000;
  const modules = {};
  const make = (name, imports) =>
    new WebAssembly.Instance((modules[name] ??= new WebAssembly.Module(bytes(name))), imports).exports;
  /**
   * Runs a step many times; fails when resident memory grows in the second half by more than V8's own heap varies. 600
   * bytes left behind by each step would be noticed.
   */
  async function flat(step, { times = TIMES, yielding = false, room = 30 } = {}) {
    let base = 0;
    let most = 0;
    for (let n = 0; n < times; n++) {
      step(n);
      if (yielding && n % 50 === 0) await new Promise(setImmediate);
      if (n % 1000 === 0) {
        if (n < times / 2) base = Math.max(base, rss());
        else most = Math.max(most, rss());
      }
    }
    const grown = most - base;
    console.log(grown < room ? 'flat' : 'grew by ' + grown.toFixed(0) + ' MB from ' + base.toFixed(0) + ' MB');
  }
`;

const child = (name, code, expected = 'flat', options = {}) =>
  test(name, { timeout: 180_000 }, async () => {
    const script = scriptWith(MODULES, `const HELPERS = ${JSON.stringify(HELPERS)};${HELPERS}${code}`);
    assert.equal(await succeed(script, { timeout: 170_000, ...options }), expected);
  });

/** A body of a loop each. */
const STEPS = {
  'instances without anything': `assert.equal(make('plain').f(), 7)`,
  'instances that are never called': `make('plain')`,
  'instances with a memory': `assert.equal(make('memory').f(), 7)`,
  'instances with a memory whose buffer is used': `{
    const { f, m } = make('memory');
    f();
    assert.equal(new Uint8Array(m.buffer)[8], 7);
  }`,
  'instances whose imports refer back to them': `{
    const exports = make('imports', { m: { f: () => typeof exports === 'object' ? 7 : 0 } });
    assert.equal(exports.f(), 7);
  }`,
  'instances with an imported table that holds their functions': `{
    const t = new WebAssembly.Table({ element: 'anyfunc', initial: 4 });
    assert.equal(make('table', { m: { t } }).f(), t.get(0)());
  }`,
  'instances, tables, memories and imports in cycles': `{
    const t = new WebAssembly.Table({ element: 'anyfunc', initial: 4 });
    const m = new WebAssembly.Memory({ initial: 1 });
    const a = make('both', { m: { t, m, f: () => t.get(0) ? 7 : Object.keys(a).length } });
    const b = make('both', { m: { t: a.t, m: a.m, f: a.f } });
    t.set(3, b.f);
    assert.equal(b.f(), 3);
  }`,
  'instances that share one table that stays': `assert.equal(make('table', { m: { t: kept } }).f(), 7)`,
  memories: `new WebAssembly.Memory({ initial: 1 })`,
  'memories without pages': `new WebAssembly.Memory({ initial: 0 })`,
  'memories whose buffer is touched': `new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer).fill(1)`,
  tables: `new WebAssembly.Table({ element: 'externref', initial: 20 }, { n })`,
  tags: `new WebAssembly.Tag({ parameters: ['i32', 'externref'] })`,
  'functions with a type': `assert.equal(new WebAssembly.Function({ parameters: ['i32'], results: ['i32'] }, (x) => x + n)(1), n + 1)`,
  globals: `new WebAssembly.Global({ value: 'externref', mutable: true }, { n }).value = [n]`,
};

for (const [what, step] of Object.entries(STEPS)) {
  for (const yielding of [false, true]) {
    // Node keeps some 200 bytes of each external ArrayBuffer until the event loop turns; instances that share a table
    // are looked through only now and then.
    const isLate = what.includes('share one table') || (what.includes('buffer') && !yielding);
    const room = isLate ? 50 : 20;
    child(
      `100,000 ${what}, ${yielding ? 'with pauses' : 'in one go'}`,
      `const kept = new WebAssembly.Table({ element: 'anyfunc', initial: 4 });
      await flat((n) => { ${step}; }, { yielding: ${yielding}, room: ${room} });`,
    );
  }
}

// V8 itself lets exceptions pile up, with what WeakRef and FinalizationRegistry need for them, unless its heap has a limit.
child(
  '100,000 exceptions',
  `const tag = new WebAssembly.Tag({ parameters: ['externref'] });
  await flat((n) => {
    const exception = new WebAssembly.Exception(tag, [[n]], { traceStack: n % 100 === 0 });
    assert.equal(exception.getArg(tag, 0)[0], n);
  }, { yielding: true });`,
  'flat',
  { flags: ['--max-old-space-size=40'] },
);

child(
  '100,000 promising calls that wait',
  `const { f } = make('imports', { m: { f: new WebAssembly.Suspending(async () => 7) } });
  const call = WebAssembly.promising(f);
  await flat(() => call().then((value) => assert.equal(value, 7)), { yielding: true });`,
);

child(
  'objects of each class, in workers that come and go',
  `const code = \`
    for (let n = 0; n < 2000; n++) {
      const { f, m } = make('memory');
      assert.equal(f(), 7);
      new Uint8Array(m.buffer)[0] = 1;
      new WebAssembly.Table({ element: 'externref', initial: 20 }, { n });
      new WebAssembly.Global({ value: 'externref', mutable: true }, { n });
      const tag = new WebAssembly.Tag({ parameters: ['externref'] });
      new WebAssembly.Exception(tag, [[n]]);
      new WebAssembly.Module(bytes('plain'));
      new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    }
  \`;
  const most = [0, 0];
  for (let n = 0; n < 50; n++) {
    await once(worker(HELPERS + code), 'exit');
    if (n >= 10) most[n < 30 ? 0 : 1] = Math.max(most[n < 30 ? 0 : 1], rss());
  }
  console.log(most[1] - most[0] < 40 ? 'flat' : most);`,
);

child(
  'modules compiled and dropped',
  `await flat((n) => {
    const module = new WebAssembly.Module(bytes(n % 2 ? 'memory' : 'both'));
    if (n % 2) assert.equal(new WebAssembly.Instance(module).exports.f(), 7);
  }, { times: 5000 });`,
);

child(
  'modules compiled on other threads and dropped',
  `// V8 itself lets some ten thousand small modules pile up.
  require('node:v8').setFlagsFromString('--expose-gc');
  const gc = require('node:vm').runInNewContext('gc');
  let base;
  for (let n = 0; n < 200; n++) {
    await Promise.all(Array.from({ length: 20 }, () => WebAssembly.instantiate(bytes('memory'))));
    if (n % 25 === 0) gc();
    if (n === 50) base = rss();
  }
  console.log(rss() - base < 20 ? 'flat' : 'grew by ' + (rss() - base));`,
);

child(
  'address space that other things have taken',
  `for (let n = 0; n < 12_000; n++) new globalThis.WebAssembly.Memory({ initial: 0 });
  for (let n = 0; n < 40_000; n++) new WebAssembly.Memory({ initial: 0 });
  console.log('ok');`,
  'ok',
);

child(
  '10,000 live instances with a memory each',
  `const all = Array.from({ length: 10_000 }, () => make('memory'));
  all.forEach(({ m }, n) => { new Uint32Array(m.buffer)[1] = n; });
  all.forEach(({ f }) => assert.equal(f(), 7));
  all.forEach(({ m }, n) => assert.equal(new Uint32Array(m.buffer)[1], n));
  console.log('ok');`,
  'ok',
);

child(
  'externrefs that pass through are freed',
  `const { id, t, g } = make('refs');
  const sample = [];
  const pass = (n) => {
    const value = { n, ballast: new Array(20).fill(n) };
    if (n % 1000 === 0) sample.push(new WeakRef(value));
    assert.equal(id(value), value);
    if (n % 3 === 0) t.set(0, value);
    if (n % 3 === 1) g.value = value;
  };
  // A WeakRef keeps its object until the event loop turns.
  await flat(pass, { times: 200_000, yielding: true });
  for (let n = 0; n < 5; n++) { gc(); await sleep(150); }
  assert.ok(sample.filter((ref) => ref.deref()).length <= 2);
  assert.equal(t.get(0).n % 3, 0);
  assert.equal(g.value.n % 3, 1);`,
  'flat',
  { flags: ['--expose-gc'] },
);

child('externrefs that pass through in one go', `const { id } = make('refs'); await flat((n) => id([n]));`);

for (const f of ['() => 7', '() => { throw 7; }']) {
  child(
    `10,000,000 calls, ${f}`,
    `const { f } = make('imports', { m: { f: ${f} } });
    await flat(() => { for (let n = 0; n < 100; n++) try { f(); } catch {} }, { times: ${f.includes('throw') ? 10_000 : 100_000} });`,
  );
}
