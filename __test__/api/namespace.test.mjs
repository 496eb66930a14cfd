// WebAssembly.validate, compile and instantiate, and the shape of the namespace.
// https://webassembly.github.io/spec/js-api/#webassembly-namespace

import assert from 'node:assert/strict';
import { both } from '../helpers/both.mjs';
import { wat } from '../helpers/wat.mjs';

const ADD = wat(
  `(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))`,
);
const IMPORTING = wat(`(module (import "m" "f" (func)) (export "f" (func 0)))`);
const BAD = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 9);
const NOT_BYTES = [undefined, null, 5, 'wasm', {}, [0, 97], Symbol.iterator, () => {}, 7n];

/** The same bytes in every form that a BufferSource has. The built-in engine knows no DataView and SharedArrayBuffer. */
function forms(bytes, engine) {
  const padded = new Uint8Array(bytes.length + 16);
  padded.set(bytes, 8);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return {
    Uint8Array: bytes,
    ArrayBuffer: padded.buffer.slice(8, 8 + bytes.length),
    'a part of a buffer': padded.subarray(8, 8 + bytes.length),
    Buffer: Buffer.from(bytes),
    'shared Uint8Array': shared,
    ...(engine === 'gantry' && {
      DataView: new DataView(padded.buffer, 8, bytes.length),
      SharedArrayBuffer: shared.buffer,
    }),
  };
}

both('the namespace is a plain object with a tag', (WebAssembly) => {
  assert.equal(typeof WebAssembly, 'object');
  assert.equal(Object.getPrototypeOf(WebAssembly), Object.prototype);
  assert.equal(String(WebAssembly), '[object WebAssembly]');
  assert.throws(() => new WebAssembly(), TypeError);
  for (const name of ['validate', 'compile', 'instantiate']) {
    assert.equal(WebAssembly[name].name, name);
    assert.equal(WebAssembly[name].length, 1);
    assert.throws(() => new WebAssembly[name](ADD), TypeError);
  }
});

both('interfaces are classes with tagged prototypes', (WebAssembly) => {
  for (const name of ['Module', 'Instance', 'Memory', 'Table', 'Global']) {
    const constructor = WebAssembly[name];
    assert.equal(constructor.name, name);
    assert.equal(constructor.length, 1);
    assert.equal(constructor.prototype.constructor, constructor);
    assert.equal(constructor.prototype[Symbol.toStringTag], `WebAssembly.${name}`);
    assert.throws(() => constructor({}), TypeError, 'called without new');
    assert.throws(() => new constructor(), TypeError, 'without arguments');
    const prototype = Object.getOwnPropertyDescriptor(constructor, 'prototype');
    assert.deepEqual(
      [prototype.writable, prototype.enumerable, prototype.configurable],
      [false, false, false],
    );
  }
});

both('members of interfaces refuse other receivers', (WebAssembly) => {
  const getter = (name, key) => Object.getOwnPropertyDescriptor(WebAssembly[name].prototype, key).get;
  for (const [name, key] of [
    ['Memory', 'buffer'],
    ['Table', 'length'],
    ['Global', 'value'],
    ['Instance', 'exports'],
  ]) {
    for (const receiver of [undefined, null, {}, WebAssembly[name].prototype]) {
      assert.throws(() => getter(name, key).call(receiver), TypeError, `${name}.${key}`);
    }
  }
  for (const [name, key] of [
    ['Memory', 'grow'],
    ['Table', 'get'],
    ['Table', 'set'],
    ['Table', 'grow'],
    ['Global', 'valueOf'],
  ]) {
    assert.throws(() => WebAssembly[name].prototype[key].call({}, 0), TypeError, `${name}.${key}`);
  }
});

both('validate takes bytes in every form', (WebAssembly, engine) => {
  for (const [form, bytes] of Object.entries(forms(ADD, engine)))
    assert.equal(WebAssembly.validate(bytes), true, form);
  for (const [form, bytes] of Object.entries(forms(BAD, engine)))
    assert.equal(WebAssembly.validate(bytes), false, form);
  assert.equal(WebAssembly.validate(new Uint8Array()), false);
  for (const value of NOT_BYTES) assert.throws(() => WebAssembly.validate(value), TypeError);
  assert.throws(() => WebAssembly.validate(), TypeError);
});

both('compile takes bytes in every form and gives a Module', async (WebAssembly, engine) => {
  for (const [form, bytes] of Object.entries(forms(ADD, engine))) {
    const promise = WebAssembly.compile(bytes);
    assert.ok(promise instanceof Promise, form);
    const module = await promise;
    assert.ok(module instanceof WebAssembly.Module, form);
    assert.equal(new WebAssembly.Instance(module).exports.add(40, 2), 42, form);
  }
});

both('compile copies the bytes before it returns', async (WebAssembly) => {
  const bytes = ADD.slice();
  const promise = WebAssembly.compile(bytes);
  bytes.fill(0);
  assert.equal(new WebAssembly.Instance(await promise).exports.add(1, 2), 3);
});

both('compile and instantiate reject, and never throw', async (WebAssembly) => {
  for (const value of NOT_BYTES) {
    await assert.rejects(WebAssembly.compile(value), TypeError);
    await assert.rejects(WebAssembly.instantiate(value), TypeError);
  }
  await assert.rejects(WebAssembly.compile(), TypeError);
  await assert.rejects(WebAssembly.instantiate(), TypeError);
  await assert.rejects(WebAssembly.compile(BAD), WebAssembly.CompileError);
  await assert.rejects(WebAssembly.instantiate(BAD), WebAssembly.CompileError);
  for (const imports of [null, 5, 'imports', true, 7n]) {
    await assert.rejects(WebAssembly.instantiate(ADD, imports), TypeError);
  }
});

both('the promises do not settle before the caller has returned', async (WebAssembly) => {
  let settled = false;
  const done = WebAssembly.instantiate(ADD).then(() => (settled = true));
  assert.equal(settled, false);
  await done;
});

both('instantiate of bytes gives module and instance', async (WebAssembly, engine) => {
  for (const [form, bytes] of Object.entries(forms(ADD, engine))) {
    const result = await WebAssembly.instantiate(bytes);
    assert.deepEqual(Object.keys(result).sort(), ['instance', 'module'], form);
    assert.equal(Object.getPrototypeOf(result), Object.prototype);
    assert.ok(result.module instanceof WebAssembly.Module);
    assert.ok(result.instance instanceof WebAssembly.Instance);
    assert.equal(result.instance.exports.add(40, 2), 42);
  }
});

both('instantiate of a Module gives an Instance', async (WebAssembly) => {
  const module = new WebAssembly.Module(ADD);
  const [a, b] = await Promise.all([WebAssembly.instantiate(module), WebAssembly.instantiate(module, {})]);
  assert.ok(a instanceof WebAssembly.Instance);
  assert.notEqual(a.exports.add, b.exports.add);
  assert.equal(a.exports.add(1, 2), b.exports.add(2, 1));
});

both('instantiate reports what is wrong with imports', async (WebAssembly) => {
  const module = new WebAssembly.Module(IMPORTING);
  for (const source of [IMPORTING, module]) {
    await assert.rejects(WebAssembly.instantiate(source), TypeError);
    await assert.rejects(WebAssembly.instantiate(source, {}), TypeError);
    await assert.rejects(WebAssembly.instantiate(source, { m: {} }), WebAssembly.LinkError);
  }
});

both('instantiate reads imports only after it has returned', async (WebAssembly) => {
  const log = [];
  const imports = {
    get m() {
      log.push('read');
      return { f() {} };
    },
  };
  const promise = WebAssembly.instantiate(IMPORTING, imports);
  log.push('returned');
  await promise;
  assert.deepEqual(log, ['returned', 'read']);
});

both('an error of a getter of the imports is what the promise is rejected with', async (WebAssembly) => {
  const error = new Error('from the getter');
  const imports = {
    get m() {
      throw error;
    },
  };
  await assert.rejects(WebAssembly.instantiate(IMPORTING, imports), (thrown) => thrown === error);
  await assert.rejects(
    WebAssembly.instantiate(new WebAssembly.Module(IMPORTING), imports),
    (thrown) => thrown === error,
  );
});

both('many compilations at once', async (WebAssembly) => {
  const modules = await Promise.all(Array.from({ length: 64 }, () => WebAssembly.compile(ADD)));
  assert.equal(new Set(modules).size, 64);
  for (const module of modules) assert.equal(new WebAssembly.Instance(module).exports.add(3, 4), 7);
});
