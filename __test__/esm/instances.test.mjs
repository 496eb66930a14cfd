// Instances of imported .wasm files: values, bindings, cycles, linking.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failMain, runMain } from '../helpers/project.mjs';

const ADD = `(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))`;

test('functions, memories, tables and unwrapped globals are exports', async () => {
  const out = await runMain({
    'all.wasm': `(module (memory (export "memory") 1) (table (export "table") 2 funcref)
      (global (export "i32") i32 (i32.const -3)) (global (export "i64") i64 (i64.const 7))
      (global (export "f64") f64 (f64.const 1.5)) (func (export "a name, not an identifier") (result i32) (i32.const 9)))`,
    'main.mjs': `import * as ns from './all.wasm';
      import { 'a name, not an identifier' as f } from './all.wasm';
      import { WebAssembly } from 'gantry-wasm';
      console.log(JSON.stringify([Object.keys(ns), ns.memory instanceof WebAssembly.Memory, ns.table instanceof WebAssembly.Table,
        ns.i32, typeof ns.i64, ns.f64, f(), Object.prototype.toString.call(ns)]));`,
  });
  assert.deepEqual(JSON.parse(out), [
    ['a name, not an identifier', 'f64', 'i32', 'i64', 'memory', 'table'],
    ...[true, true, -3, 'bigint', 1.5, 9, '[object Module]'],
  ]);
});

test('imports come from JavaScript, other wasm modules, JSON, packages and Node.js', async () => {
  const out = await runMain({
    'main.mjs': `import { run } from './main.wasm'; console.log(run(4));`,
    'main.wasm': `(module (import "./add.wasm" "add" (func $add (param i32 i32) (result i32)))
      (import "./js.mjs" "twice" (func $twice (param i32) (result i32))) (import "./settings.json" "step" (global $step i32))
      (import "pkg" "three" (func $three (result i32))) (import "#local" "five" (func $five (result i32)))
      (import "node:os" "availableParallelism" (func $cores (result i32)))
      (func (export "run") (param i32) (result i32)
        (drop (call $cores))
        (call $add (call $add (call $twice (local.get 0)) (global.get $step)) (call $add (call $three) (call $five)))))`,
    'add.wasm': ADD,
    'js.mjs': 'export const twice = (x) => 2 * x;',
    'settings.json': { step: 100 },
    'package.json': { imports: { '#local': './five.mjs' } },
    'five.mjs': 'export function five() { return 5; }',
    'node_modules/pkg/package.json': { exports: { wasm: './three.wasm', default: './wrong.js' } },
    'node_modules/pkg/three.wasm': '(module (func (export "three") (result i32) (i32.const 3)))',
  });
  assert.equal(out, '116');
});

test('mutable globals are live: after calls, in imported functions, after traps, through other modules', async () => {
  const out = await runMain({
    'state.wasm': `(module (import "./observe.mjs" "observe" (func $observe)) (global $n (export "n") (mut i32) (i32.const 1))
      (global (export "constant") i32 (i32.const 4))
      (func (export "set") (param i32) (global.set $n (local.get 0)))
      (func (export "trap") (global.set $n (i32.const 77)) (unreachable))
      (func (export "notify") (global.set $n (i32.const 5)) (call $observe) (global.set $n (i32.const 6))))`,
    'other.wasm': `(module (import "./state.wasm" "n" (global $n (mut i32)))
      (func (export "bump") (global.set $n (i32.add (global.get $n) (i32.const 1000)))))`,
    'observe.mjs': `import { n } from './state.wasm'; export function observe() { seen.push(n); } export const seen = [];`,
    'main.mjs': `import * as state from './state.wasm'; import { n, set, notify, trap } from './state.wasm';
      import { bump } from './other.wasm'; import { seen } from './observe.mjs';
      const values = [n]; set(3); values.push(n); bump(); values.push(n, state.n);
      notify(); values.push(...seen, n); try { trap(); } catch {} values.push(n); bump(); values.push(n);
      console.log(values.join());`,
  });
  assert.equal(out, '1,3,1003,1003,5,6,77,1077');
});

test('mutable globals are live when another module calls the one that has them', async () => {
  const out = await runMain({
    'b.wasm': `(module (global $n (export "n") (mut i32) (i32.const 0))
      (func (export "more") (global.set $n (i32.add (global.get $n) (i32.const 1)))))`,
    'a.wasm': `(module (import "./b.wasm" "more" (func $more)) (import "./see.mjs" "see" (func $see))
      (func (export "twice") (call $more) (call $see) (call $more)))`,
    'c.wasm': `(module (import "./a.wasm" "twice" (func $twice)) (func (export "four") (call $twice) (call $twice)))`,
    'see.mjs': `import { n } from './b.wasm'; export const seen = []; export function see() { seen.push(n); }`,
    'main.mjs': `import { n } from './b.wasm'; import { twice } from './a.wasm'; import { four } from './c.wasm';
      import { seen } from './see.mjs';
      const values = [n]; twice(); values.push(n); four(); values.push(n); console.log(values.join(), seen.join());`,
  });
  assert.equal(out, '0,2,6 1,3,5');
});

test('the start function runs at evaluation, after what it imports', async () => {
  const out = await runMain({
    'main.mjs': `console.log('main'); import './start.wasm';`,
    'log.mjs': `console.log('log.mjs'); export function log() { console.log('start'); }`,
    'start.wasm': `(module (import "./log.mjs" "log" (func $log)) (func $main (call $log)) (start $main))`,
  });
  assert.deepEqual(out.split('\n'), ['log.mjs', 'start', 'main']);
});

test('in a cycle, wasm gets function declarations of JavaScript that has not run yet', async () => {
  const out = await runMain({
    'main.mjs': `import { run } from './cycle.wasm'; export function late() { return 11; } console.log(run());`,
    'cycle.wasm': `(module (import "./main.mjs" "late" (func $late (result i32))) (func (export "run") (result i32) (call $late)))`,
  });
  assert.equal(out, '11');
});

test('in a cycle, what has not been evaluated is an error that says so', async () => {
  const error = await failMain({
    'main.mjs': `import './cycle.wasm'; export const late = () => 11;`,
    'cycle.wasm': `(module (import "./main.mjs" "late" (func $late)))`,
  });
  assert.match(error, /ReferenceError: .*cycle\.wasm imports "\.\/main\.mjs" "late".* in a cycle; import/);
});

test('exports of wasm are in their temporal dead zone before it is evaluated', async () => {
  const out = await runMain({
    'main.mjs': `import { f } from './w.wasm'; f();`,
    'w.wasm': `(module (import "./js.mjs" "g" (func $g)) (func (export "f") (call $g)))`,
    'js.mjs': `import { f } from './w.wasm'; export function g() { console.log(typeof f); }
      try { f; } catch (e) { console.log(e.name); }`,
  });
  assert.deepEqual(out.split('\n'), ['ReferenceError', 'function']);
});

test('calls and memories between wasm modules have no JavaScript between', async () => {
  const out = await runMain({
    'lib.wasm': `(module (memory (export "memory") 1) (global (export "g") (mut i32) (i32.const 0))
      (func (export "fail") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0))))`,
    'app.wasm': `(module (import "./lib.wasm" "fail" (func $fail (param i32) (result i32))) (import "./lib.wasm" "memory" (memory 1))
      (func (export "run") (param i32) (result i32) (call $fail (local.get 0)))
      (func (export "store") (i32.store (i32.const 8) (i32.const 123))) (export "again" (func $fail)))`,
    'main.mjs': `import { run, store, again } from './app.wasm'; import { memory, fail } from './lib.wasm';
      store(); const value = new Int32Array(memory.buffer)[2];
      let stack; try { run(0); } catch (error) { stack = error.stack.split('\\n'); }
      const at = stack.findIndex((line) => line.includes('wasm-function'));
      console.log(value, again === fail, stack.slice(at, at + 2).every((line) => line.includes('wasm-function')));`,
  });
  assert.equal(out, '123 true true');
});

test('WASI imports get an instance without any rights, and rights from package.json', async () => {
  const files = {
    'main.mjs': `import { count } from './wasi.wasm'; console.log(count());`,
    'wasi.wasm': `(module (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "count") (result i32) (drop (call $sizes (i32.const 0) (i32.const 4))) (i32.load (i32.const 0))))`,
  };
  assert.equal(await runMain(files), '0');
  const settings = { gantry: { wasi: { env: { A: '1', B: '2' } } } };
  assert.equal(await runMain({ ...files, 'package.json': settings }), '2');
  const mapped = { ...files, 'fake.mjs': 'export const environ_sizes_get = () => 0;' };
  const importMap = { imports: { wasi_snapshot_preview1: './fake.mjs' } };
  assert.equal(
    await runMain({ ...mapped, 'package.json': { gantry: { importMap, ...settings.gantry } } }),
    '0',
  );
});

test('errors name file, importer, specifier and what to do', async () => {
  const main = `import './main.wasm';`;
  const missing = await failMain({
    'main.mjs': main,
    'main.wasm': `(module (import "./js.mjs" "wrong" (func)))`,
    'js.mjs': 'export const right = 1, also = 2;',
  });
  assert.match(
    missing,
    /SyntaxError: .*main\.wasm imports "\.\/js\.mjs" "wrong", but .* it exports also, right\. Export it/,
  );
  const type = await failMain({
    'main.mjs': main,
    'main.wasm': `(module (import "./js.mjs" "value" (memory 1)))`,
    'js.mjs': 'export const value = 1;',
  });
  assert.match(
    type,
    /LinkError: .*main\.wasm: .*Import #0 "\.\/js\.mjs" "value": expected .*memory.*found the number 1; .* comes from/,
  );
  const file = await failMain({ 'main.mjs': `import './nowhere.wasm';` });
  assert.match(file, /nowhere\.wasm[^]*is imported by .*main\.mjs; check the path/);
  const bare = await failMain({ 'main.mjs': main, 'main.wasm': `(module (import "env" "log" (func)))` });
  assert.match(bare, /'env' imported from .*main\.wasm[^]*map "env" in an import map/);
  const invalid = await failMain({ 'main.mjs': main, 'main.wasm': Buffer.from('no wasm') });
  assert.match(invalid, /CompileError\]?: .*main\.wasm is no valid WebAssembly module/);
  const source = await failMain({
    'main.mjs': `import module from 'pkg?module';`,
    'node_modules/pkg/package.json': { main: 'index.js' },
    'node_modules/pkg/index.js': '',
  });
  assert.match(source, /main\.mjs imports "pkg" for its compiled module, but .*index\.js is no \.wasm file/);
});
