// WebAssembly.Module and what it tells about imports, exports and custom sections.
// https://webassembly.github.io/spec/js-api/#modules

import assert from 'node:assert/strict';
import { both } from '../helpers/both.mjs';
import { wat } from '../helpers/wat.mjs';

const EMPTY = wat('(module)');
const MANY = wat(`(module
  (import "a" "f" (func (param i32)))
  (import "a" "t" (table 1 funcref))
  (import "b" "m" (memory 1))
  (import "b" "g" (global i64))
  (import "" "" (func))
  (import "a" "f" (func (result f64)))
  (table 1 externref)
  (global (mut f32) (f32.const 1))
  (export "mem" (memory 0))
  (export "f" (func 0))
  (export "glob" (global 1))
  (export "tab" (table 1))
  (export "" (func 2))
  (export "\\f0\\9f\\a6\\80" (func 1)))`);

/** The empty module followed by custom sections. */
function withSections(...sections) {
  const bytes = [...EMPTY];
  for (const [name, content] of sections) {
    const encoded = Buffer.from(name);
    const body = [encoded.length, ...encoded, ...content];
    bytes.push(0, body.length, ...body);
  }
  return Uint8Array.from(bytes);
}

both('Module of bytes', (WebAssembly) => {
  const module = new WebAssembly.Module(EMPTY);
  assert.equal(Object.getPrototypeOf(module), WebAssembly.Module.prototype);
  assert.equal(String(module), '[object WebAssembly.Module]');
  assert.deepEqual(Reflect.ownKeys(module), []);
  assert.ok(Object.isExtensible(module));
  for (const value of [undefined, null, 1, 'x', {}, module]) {
    assert.throws(() => new WebAssembly.Module(value), TypeError);
  }
});

both('a Module outlives its bytes', (WebAssembly) => {
  const bytes = wat(`(module (func (export "f") (result i32) (i32.const 7)))`);
  const module = new WebAssembly.Module(bytes);
  bytes.fill(255);
  assert.equal(new WebAssembly.Instance(module).exports.f(), 7);
});

both('classes can extend Module, Instance, Memory, Table and Global', (WebAssembly) => {
  class MyModule extends WebAssembly.Module {}
  class MyInstance extends WebAssembly.Instance {}
  class MyMemory extends WebAssembly.Memory {}
  class MyTable extends WebAssembly.Table {}
  class MyGlobal extends WebAssembly.Global {}
  const module = new MyModule(EMPTY);
  assert.ok(module instanceof MyModule);
  assert.ok(new MyInstance(module) instanceof MyInstance);
  assert.equal(new MyMemory({ initial: 1 }).buffer.byteLength, 65536);
  assert.equal(new MyTable({ element: 'anyfunc', initial: 3 }).length, 3);
  assert.equal(new MyGlobal({ value: 'i32' }, 5).value, 5);
});

both('Module.exports in order', (WebAssembly) => {
  const module = new WebAssembly.Module(MANY);
  assert.deepEqual(WebAssembly.Module.exports(module), [
    { name: 'mem', kind: 'memory' },
    { name: 'f', kind: 'function' },
    { name: 'glob', kind: 'global' },
    { name: 'tab', kind: 'table' },
    { name: '', kind: 'function' },
    { name: '🦀', kind: 'function' },
  ]);
  assert.notEqual(WebAssembly.Module.exports(module), WebAssembly.Module.exports(module));
  assert.deepEqual(WebAssembly.Module.exports(new WebAssembly.Module(EMPTY)), []);
});

both('Module.imports in order, repeated ones too', (WebAssembly) => {
  const module = new WebAssembly.Module(MANY);
  assert.deepEqual(WebAssembly.Module.imports(module), [
    { module: 'a', name: 'f', kind: 'function' },
    { module: 'a', name: 't', kind: 'table' },
    { module: 'b', name: 'm', kind: 'memory' },
    { module: 'b', name: 'g', kind: 'global' },
    { module: '', name: '', kind: 'function' },
    { module: 'a', name: 'f', kind: 'function' },
  ]);
  assert.deepEqual(Object.keys(WebAssembly.Module.imports(module)[0]), ['module', 'name', 'kind']);
});

both('Module.customSections', (WebAssembly) => {
  const { customSections } = WebAssembly.Module;
  const module = new WebAssembly.Module(withSections(['x', [1, 2]], ['ÿ☃', [3]], ['x', []], ['', [9]]));
  const texts = (name) => customSections(module, name).map((buffer) => [...new Uint8Array(buffer)]);
  assert.deepEqual(texts('x'), [[1, 2], []]);
  assert.deepEqual(texts('ÿ☃'), [[3]]);
  assert.deepEqual(texts(''), [[9]]);
  assert.deepEqual(texts('nothing'), []);
  assert.ok(customSections(module, 'x')[0] instanceof ArrayBuffer);
  assert.notEqual(customSections(module, 'x')[0], customSections(module, 'x')[0]);
  new Uint8Array(customSections(module, 'x')[0]).fill(0);
  assert.deepEqual(texts('x')[0], [1, 2]);
  assert.deepEqual(
    customSections(module, { toString: () => 'x' }).map((buffer) => buffer.byteLength),
    [2, 0],
  );
});

both('the name section is a custom section', (WebAssembly) => {
  const module = new WebAssembly.Module(wat('(module (func $hello))'));
  const [section] = WebAssembly.Module.customSections(module, 'name');
  assert.ok(Buffer.from(section).includes('hello'));
});

both('Module.exports, imports and customSections refuse other values', (WebAssembly) => {
  const { exports, imports, customSections } = WebAssembly.Module;
  for (const value of [undefined, null, 1, {}, MANY, WebAssembly.Module, WebAssembly.Module.prototype]) {
    assert.throws(() => exports(value), TypeError);
    assert.throws(() => imports(value), TypeError);
    assert.throws(() => customSections(value, 'x'), TypeError);
  }
  assert.throws(() => customSections(new WebAssembly.Module(EMPTY)), TypeError);
  assert.throws(() => customSections(new WebAssembly.Module(EMPTY), Symbol('x')), TypeError);
});
