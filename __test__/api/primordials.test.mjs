// Programs may replace everything that JavaScript provides: the JS API neither breaks by that nor can be seen through it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptWith, succeed } from '../helpers/child.mjs';

const MODULES = {
  all: `(module
    (type $a (array (mut i16))) (type $s (struct (field i32)))
    (import "m" "f" (func $f (param i32 i64 f32 f64 externref funcref) (result i32)))
    (import "m" "several" (func $several (result i32 externref)))
    (import "m" "g" (global $g i32)) (import "m" "mg" (global $mg (mut i64)))
    (import "m" "mem" (memory 1 4)) (import "m" "t" (table $t 4 funcref)) (import "m" "tag" (tag $tag (param i32)))
    (import "m" "jstag" (tag $js (param externref)))
    (import "wasm:js-string" "length" (func $length (param externref) (result i32)))
    (import "wasm:js-string" "concat" (func $concat (param externref externref) (result (ref extern))))
    (import "'" "constant" (global $c (ref extern)))
    (export "mem" (memory 0)) (export "t" (table $t)) (export "g" (global $g)) (export "tag" (tag $tag))
    (global (export "own") (mut i32) (i32.const 5)) (global (export "ref") (mut externref) (ref.null extern))
    (table (export "externs") 3 externref)
    (func (export "call") (param i32 i64 f32 f64 externref funcref) (result i32)
      (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5)))
    (func (export "several") (result i32 externref) (call $several))
    (func (export "trap") unreachable)
    (func (export "throw") (throw $tag (i32.const 3)))
    (func (export "struct") (result anyref) (struct.new $s (i32.const 1)))
    (func (export "same") (param anyref) (result anyref) (local.get 0))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    (func (export "strings") (param externref) (result externref)
      (call $concat (local.get 0) (global.get $c))) 
    (func (export "catches") (result externref) (block $h (result externref)
      (try_table (catch $js $h) (call $several) (drop) (drop)) (ref.null extern)))
    (start $begin) (func $begin))`,
  waits: '(module (import "m" "wait" (func $w (result i32))) (func (export "go") (result i32) (call $w)))',
};

/** Everything of the API, once. */
const USE = `
  let next = () => [7, 'x'];
  const use = async () => {
    const check = (ok, what) => { if (!ok) throw failure(what); };
    const throws = (Class, body) => {
      try { body(); } catch (error) { check(instanceOf(Class, error), error.message); return error; }
      throw failure('nothing thrown');
    };
    const options = { builtins: ['js-string'], importedStringConstants: "'" };
    check(W.validate(binary.all, options), 'validate');
    const module = new W.Module(binary.all, options);
    check(W.Module.imports(module).length === 8 && W.Module.exports(module).length > 5, 'imports');
    check(W.Module.customSections(module, 'name').length <= 1, 'sections');
    const mem = new W.Memory({ initial: 1, maximum: 4 });
    const t = new W.Table({ element: 'anyfunc', initial: 4 });
    const tag = new W.Tag({ parameters: ['i32'] });
    const m = {
      f: (a, b, c, d, e) => a + (e === 'e' ? 1 : 0), several: () => next(), g: 4,
      mg: new W.Global({ value: 'i64', mutable: true }, 5n), mem, t, tag, jstag: W.JSTag,
    };
    const instance = new W.Instance(module, { m });
    const x = instance.exports;
    check(x.call(1, 2n, 3, 4, 'e', x.call) === 2, 'call');
    const both = x.several();
    check(both[0] === 7 && both[1] === 'x', 'several');
    check(throws(W.RuntimeError, x.trap).stack.length > 0, 'trap');
    const thrown = throws(W.Exception, x.throw);
    check(thrown.is(tag) && thrown.getArg(tag, 0) === 3, 'exception');
    const struct = x.struct();
    check(x.same(struct) === struct && x.same(5) === 5, 'struct');
    check(x.strings('ab') === 'abconstant', 'strings');
    t.set(1, x.call);
    check(t.get(1) === x.call && t.get(0) === null && t.length === 4 && t.grow(1) === 4, 'table');
    x.externs.set(0, struct);
    check(x.externs.get(0) === struct && x.externs.get(1) === null, 'externs');
    x.own.value = 9; x.ref.value = 'r';
    check(x.own.value === 9 && x.ref.value === 'r' && m.mg.value === 5n && +x.g === 4, 'globals');
    for (let i = 0; i < 40; i++) check(x.own.value === 9, 'global');
    const before = mem.buffer;
    check(x.grow() === 1 && before.byteLength === 0 && mem.buffer.byteLength === 131072, 'memory');
    check(mem.grow(1) === 2, 'grow');
    check(mem.toResizableBuffer().byteLength === 196608 && mem.toFixedLengthBuffer().byteLength === 196608, 'resizable');
    const shared = new W.Memory({ initial: 1, maximum: 2, shared: true });
    check(shared.buffer.byteLength === 65536 && shared.grow(1) === 1, 'shared');
    check(new W.Exception(tag, [1], { traceStack: true }).stack.length > 0, 'traceStack');
    const func = new W.Function({ parameters: ['i32'], results: ['i32'] }, (n) => n + 1);
    check(func(4) === 5 && func.type().results[0] === 'i32', 'function');
    check(tag.type().parameters[0] === 'i32' && mem.type().minimum === 3 && t.type().element === 'funcref', 'type');
    next = () => { throw 'caught'; };
    check(x.catches() === 'caught', 'catches');
    next = () => [7, 'x'];
    throws(TypeErr, () => new W.Memory({}));
    throws(W.LinkError, () => new W.Instance(module, { m: { ...m, f: 1 } }));
    throws(W.CompileError, () => new W.Module(binary.part));
    check((await W.compile(binary.all, options)) !== module, 'compile');
    check((await W.instantiate(module, { m })).exports.call !== x.call, 'instantiate');
    check((await W.instantiate(binary.all, { m }, options)).module !== module, 'instantiate bytes');
    const waits = new W.Instance(new W.Module(binary.waits), { m: { wait: new W.Suspending(() => later(6)) } });
    check((await W.promising(waits.exports.go)()) === 6, 'promising');
  };
`;

const script = (patch) =>
  scriptWith(
    MODULES,
    `
    const W = WebAssembly;
    const binary = { all: bytes('all'), waits: bytes('waits'), part: bytes('all').subarray(0, 30) };
    const TypeErr = TypeError;
    const failure = Error;
    const instanceOf = (Class, value) => { for (let p = value; p; p = protoOf(p)) if (p === Class.prototype) return true; return false; };
    const protoOf = Object.getPrototypeOf;
    const later = async (value) => value;
    const { log } = console;
    const say = log.bind(console);
    ${USE}
    await use();
    const seen = [];
    ${patch}
    let outcome = 'undisturbed';
    try { await use(); } catch (error) { outcome = error; }
    restore();
    console.log(outcome === 'undisturbed' && seen.length === 0 ? outcome : [outcome, [...new Set(seen)]]);
  `,
  );

/** Replaces all methods of intrinsics by such as tell when they are used, and throw. */
const METHODS = `
  const restores = [];
  const restore = () => { for (let i = restores.length - 1; i >= 0; i--) restores[i](); };
  const { defineProperty, getOwnPropertyDescriptor, setPrototypeOf, ownKeys } = Reflect;
  const plain = (attributes) => { setPrototypeOf(attributes, null); return attributes; };
  const names = {
    Object: globalThis.Object, 'Object.prototype': Object.prototype, 'Function.prototype': Function.prototype,
    Reflect: globalThis.Reflect, 'Array': Array, 'Array.prototype': Array.prototype, Math, JSON, BigInt, Number,
    'String': String, 'String.prototype': String.prototype, 'Number.prototype': Number.prototype, 'BigInt.prototype': BigInt.prototype,
    'Map.prototype': Map.prototype, 'Set.prototype': Set.prototype, 'WeakMap.prototype': WeakMap.prototype,
    'WeakSet.prototype': WeakSet.prototype, 'WeakRef.prototype': WeakRef.prototype,
    'FinalizationRegistry.prototype': FinalizationRegistry.prototype,
    Promise, 'Promise.prototype': Promise.prototype, 'ArrayBuffer': ArrayBuffer, 'SharedArrayBuffer.prototype': SharedArrayBuffer.prototype,
    'TypedArray': Object.getPrototypeOf(Uint8Array), 'TypedArray.prototype': Object.getPrototypeOf(Uint8Array.prototype),
    'ArrayIterator': Object.getPrototypeOf([][Symbol.iterator]()), 'RegExp.prototype': RegExp.prototype, Atomics,
    'Error.prototype': Error.prototype, 'DataView.prototype': DataView.prototype,
  };
  // What \`use\` itself relies on: lists that it gives the API have to be iterated, objects to be converted.
  const exempt = new Set(['Array.prototype.Symbol(Symbol.iterator)', 'Array.prototype.values', 'ArrayIterator.next',
    'Promise.Symbol(Symbol.species)', 'Object.prototype.__proto__', 'SharedArrayBuffer.prototype.byteLength']);
  const pending = [];
  for (const [name, object] of Object.entries(names)) {
    for (const key of ownKeys(object)) {
      const label = name + '.' + String(key);
      const descriptor = getOwnPropertyDescriptor(object, key);
      if (exempt.has(label) || key === 'constructor' || !descriptor.configurable) continue;
      const spy = (original) => typeof original !== 'function' ? original : function (...args) {
        seen[seen.length] = label;
        throw new failure(label);
      };
      restores.push(() => defineProperty(object, key, descriptor));
      const changed = plain({ ...descriptor });
      if ('value' in changed) changed.value = spy(changed.value); else { changed.get = spy(changed.get); changed.set = spy(changed.set); }
      pending.push([object, key, changed]);
    }
  }
  for (let i = 0; i < pending.length; i++) defineProperty(pending[i][0], pending[i][1], pending[i][2]);
`;
test('the API in use', async () => {
  assert.equal(await succeed(script('const restore = () => {};')), 'undisturbed');
});

test('with all methods of intrinsics replaced', async () => {
  assert.equal(await succeed(script(METHODS)), 'undisturbed');
});

test('iteration of arrays is seen for arrays of the program only', async () => {
  const patch = `
    const original = Array.prototype[Symbol.iterator];
    const { apply } = Reflect;
    Array.prototype[Symbol.iterator] = function () {
      const list = this;
      const mine = list.length === 1 && (list[0] === 'js-string' || list[0] === 'i32' || list[0] === 1) || list.length === 2 && list[1] === 'x';
      if (!mine) seen[seen.length] = 'iteration of ' + typeof list[0] + ' ' + list.length;
      return apply(original, this, []);
    };
    const restore = () => { Array.prototype[Symbol.iterator] = original; };
  `;
  assert.equal(await succeed(script(patch)), 'undisturbed');
});

test('with accessors on Object.prototype', async () => {
  const names =
    'get set value writable enumerable configurable builtin constant global module name kind signature ty done next id refs thunks ' +
    'initial maximum address shared traceStack anchor groups isTrap func offset hash filename suspending run start results native owner';
  // The program's own descriptors ask for some of them, as the specification has it.
  const patch = `
    const asked = new Set(['initial', 'address', 'shared', 'traceStack', 'maximum', 'minimum', 'mutable']);
    const { defineProperty } = Object;
    const names = ${JSON.stringify(names)}.split(' ').filter((name) => !asked.has(name));
    for (const name of names) {
      defineProperty(Object.prototype, name, {
        __proto__: null, configurable: true,
        get() { seen[seen.length] = 'get ' + name; return undefined; },
        set() { seen[seen.length] = 'set ' + name; },
      });
    }
    const restore = () => { for (const name of names) delete Object.prototype[name]; };
  `;
  assert.equal(await succeed(script(patch)), 'undisturbed');
});
