// WebAssembly.Instance, its exports object, sharing between instances, and start functions.
// https://webassembly.github.io/spec/js-api/#instances

import assert from 'node:assert/strict';
import { both } from '../helpers/both.mjs';
import { instanceOf, wat } from '../helpers/wat.mjs';

const ALL = `(module
  (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") i32 (i32.const 1))
  (func $f (export "f")) (export "again" (func $f)))`;

both('the exports object is frozen and has no prototype', (WebAssembly) => {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wat(ALL)));
  const { exports } = instance;
  assert.equal(instance.exports, exports);
  assert.equal(Object.getPrototypeOf(exports), null);
  assert.ok(Object.isFrozen(exports));
  assert.deepEqual(Object.keys(exports), ['m', 't', 'g', 'f', 'again']);
  assert.throws(() => (exports.f = 1), TypeError);
  assert.throws(() => (exports.other = 1), TypeError);
  assert.throws(() => delete exports.f, TypeError);
  assert.throws(() => (instance.exports = {}), TypeError);
  const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(exports, 'f');
  assert.deepEqual([writable, enumerable, configurable], [false, true, false]);
  assert.equal(exports.f, exports.again);
  assert.ok(exports.m instanceof WebAssembly.Memory);
  assert.ok(exports.t instanceof WebAssembly.Table);
  assert.ok(exports.g instanceof WebAssembly.Global);
});

both('exports with names of Object.prototype and of array indices', (WebAssembly) => {
  const exports = instanceOf(
    WebAssembly,
    `(module (func (export "__proto__")) (func (export "constructor")) (func (export "1")) (func (export "0")))`,
  );
  assert.equal(typeof Object.getOwnPropertyDescriptor(exports, '__proto__').value, 'function');
  assert.deepEqual(Object.keys(exports), ['0', '1', '__proto__', 'constructor']);
  assert.equal(exports['1'].name, '2');
});

both('Instance wants a Module', (WebAssembly) => {
  for (const value of [undefined, null, {}, wat(ALL), WebAssembly.Module]) {
    assert.throws(() => new WebAssembly.Instance(value), TypeError);
  }
  const module = new WebAssembly.Module(wat(ALL));
  for (const imports of [null, 1, 'x', true]) {
    assert.throws(() => new WebAssembly.Instance(module, imports), TypeError);
  }
  for (const imports of [undefined, {}, () => {}, []]) {
    assert.ok(new WebAssembly.Instance(module, imports) instanceof WebAssembly.Instance);
  }
});

both('instances of one module have their own memory, table and globals', (WebAssembly) => {
  const module = new WebAssembly.Module(
    wat(`(module (memory (export "m") 1) (global (export "g") (mut i32) (i32.const 1))
      (func (export "set") (param i32)
        (global.set 0 (local.get 0)) (i32.store8 (i32.const 0) (local.get 0))))`),
  );
  const [a, b] = [new WebAssembly.Instance(module).exports, new WebAssembly.Instance(module).exports];
  a.set(7);
  assert.deepEqual([a.g.value, b.g.value], [7, 1]);
  assert.deepEqual([new Uint8Array(a.m.buffer)[0], new Uint8Array(b.m.buffer)[0]], [7, 0]);
});

both('what is imported is what is exported again', (WebAssembly) => {
  const imports = {
    m: {
      memory: new WebAssembly.Memory({ initial: 1 }),
      table: new WebAssembly.Table({ element: 'anyfunc', initial: 1 }),
      global: new WebAssembly.Global({ value: 'i64', mutable: true }, 5n),
      func: instanceOf(WebAssembly, ALL).f,
    },
  };
  const text = `(module
    (import "m" "memory" (memory 1)) (import "m" "table" (table 1 funcref))
    (import "m" "global" (global (mut i64))) (import "m" "func" (func))
    (export "memory" (memory 0)) (export "table" (table 0)) (export "global" (global 0)) (export "func" (func 0)))`;
  const first = instanceOf(WebAssembly, text, imports);
  const second = instanceOf(WebAssembly, text, { m: first });
  for (const name of Object.keys(imports.m)) {
    assert.equal(first[name], imports.m[name], name);
    assert.equal(second[name], imports.m[name], name);
  }
});

both('instances share memory, table and globals', (WebAssembly) => {
  const owner = instanceOf(
    WebAssembly,
    `(module (memory (export "m") 1) (table (export "t") 4 funcref) (global (export "g") (mut i32) (i32.const 0))
      (type $i (func (result i32)))
      (func (export "call") (param i32) (result i32) (call_indirect (type $i) (local.get 0)))
      (func (export "load") (result i32) (i32.load (i32.const 16))))`,
  );
  const user = instanceOf(
    WebAssembly,
    `(module (import "o" "m" (memory 1)) (import "o" "t" (table 4 funcref)) (import "o" "g" (global (mut i32)))
      (elem (i32.const 2) $seven) (data (i32.const 16) "\\2a\\00\\00\\00")
      (func $seven (result i32) (i32.const 7))
      (func (export "set") (global.set 0 (i32.const 9))))`,
    { o: owner },
  );
  assert.equal(owner.load(), 42);
  assert.equal(owner.call(2), 7);
  user.set();
  assert.equal(owner.g.value, 9);
  assert.equal(owner.t.get(2)(), 7);
});

both('the start function runs once, before the instance is there', (WebAssembly) => {
  const log = [];
  const text = `(module (import "m" "log" (func $log (param i32))) (global $g (mut i32) (i32.const 1))
    (func $start (call $log (global.get $g)) (global.set $g (i32.const 2)))
    (func (export "get") (result i32) (global.get $g)) (start $start))`;
  const exports = instanceOf(WebAssembly, text, { m: { log: (value) => log.push(value) } });
  assert.deepEqual(log, [1]);
  assert.equal(exports.get(), 2);
});

both('an imported function as start function', (WebAssembly) => {
  let calls = 0;
  instanceOf(WebAssembly, `(module (import "m" "f" (func)) (start 0))`, { m: { f: () => calls++ } });
  assert.equal(calls, 1);
});

both('errors in the start function', async (WebAssembly) => {
  const trap = wat('(module (func $f unreachable) (start $f))');
  assert.throws(() => new WebAssembly.Instance(new WebAssembly.Module(trap)), WebAssembly.RuntimeError);
  await assert.rejects(WebAssembly.instantiate(trap), WebAssembly.RuntimeError);
  const calls = wat('(module (import "m" "f" (func $f)) (func $g (call $f)) (start $g))');
  for (const thrown of [new Error('x'), undefined, null, 5, 'text', Symbol.iterator]) {
    const imports = {
      m: {
        f() {
          throw thrown;
        },
      },
    };
    const same = (error) => error === thrown;
    try {
      new WebAssembly.Instance(new WebAssembly.Module(calls), imports);
      assert.fail('did not throw');
    } catch (error) {
      assert.ok(same(error));
    }
    const caught = await WebAssembly.instantiate(calls, imports).then(
      () => assert.fail('did not reject'),
      (error) => [error],
    );
    assert.ok(same(caught[0]));
  }
});

both('what a failed instantiation wrote stays, and its functions work', (WebAssembly) => {
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 4 });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const text = `(module (import "m" "t" (table 4 funcref)) (import "m" "m" (memory 1))
    (elem (i32.const 1) $f) (data (i32.const 0) "abc")
    (func $f (result i32) (i32.const 31)) (func $start unreachable) (start $start))`;
  assert.throws(
    () => instanceOf(WebAssembly, text, { m: { t: table, m: memory } }),
    WebAssembly.RuntimeError,
  );
  assert.equal(table.get(1)(), 31);
  assert.equal(Buffer.from(memory.buffer, 0, 3).toString(), 'abc');
});

both('segments that do not fit are traps at instantiation', (WebAssembly) => {
  for (const text of [
    '(module (memory 1) (data (i32.const 65534) "abc"))',
    '(module (table 2 funcref) (func $f) (elem (i32.const 2) $f))',
  ]) {
    assert.throws(() => instanceOf(WebAssembly, text), WebAssembly.RuntimeError);
  }
});
