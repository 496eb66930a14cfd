// Objects, functions and constructors of another realm. https://webidl.spec.whatwg.org/#internally-create-a-new-object-implementing-the-interface

import assert from 'node:assert/strict';
import vm from 'node:vm';
import { instanceOf, wat } from '../../helpers/wat.mjs';

export const title = 'Other realms';

const EMPTY = wat('(module)');
const SWAP = `(module (import "m" "f" (func $f (param i32) (result i32 i64)))
  (func (export "g") (param i32) (result i32 i64) (call $f (local.get 0))))`;

/** A realm whose WebAssembly is the given one, and the one that it had before. */
function realm(W, globals = {}) {
  const context = vm.createContext({ ...globals });
  const run = (text) => vm.runInContext(text, context);
  const own = run('WebAssembly');
  run('globalThis').WebAssembly = W;
  return { run, own, global: run('globalThis') };
}

/** By interface: what to construct it with. */
const ARGUMENTS = {
  Module: () => [EMPTY],
  Instance: (W) => [new W.Module(EMPTY)],
  Memory: () => [{ initial: 0 }],
  Table: () => [{ element: 'anyfunc', initial: 0 }],
  Global: () => [{ value: 'i32' }],
  Tag: () => [{ parameters: [] }],
  Exception: (W) => [new W.Tag({ parameters: [] }), []],
  CompileError: () => [],
  LinkError: () => [],
  RuntimeError: () => [],
};

/** Functions of a realm that have no object as `prototype`, and what refers to such. */
function newTargets({ Function, Proxy }) {
  const withPrototype = (prototype) => Object.assign(new Function(), { prototype });
  const { bind } = Function.prototype;
  const plain = [undefined, null, false, true, 0, -1, '', 'x', Symbol('s'), 1n].map(withPrototype);
  const bound = Reflect.apply(bind, withPrototype(null), []);
  const proxy = new Proxy(withPrototype(1), {});
  return [...plain, bound, proxy, Reflect.apply(bind, proxy, []), new Proxy(bound, {}), new Proxy(proxy, {})];
}

const defaults = {};
const given = {};
for (const [name, argumentsFor] of Object.entries(ARGUMENTS)) {
  defaults[`${name}: where new.target has no prototype`] = (W) => {
    const { own, global } = realm(W);
    // Node's own engine has one namespace for each realm.
    const expected = [W[name].prototype, own[name]?.prototype];
    for (const target of newTargets(global)) {
      const object = Reflect.construct(W[name], argumentsFor(W), target);
      assert.ok(expected.includes(Object.getPrototypeOf(object)));
    }
  };
  given[`${name}: that of new.target`] = (W) => {
    const { run } = realm(W);
    const Derived = run(`(class extends WebAssembly.${name} { more() { return 1; } })`);
    const derived = new Derived(...argumentsFor(W));
    assert.equal(Object.getPrototypeOf(derived), Derived.prototype);
    assert.ok(derived instanceof W[name]);
    assert.equal(derived.more(), 1);
    const target = run('(function () {})');
    assert.equal(
      Object.getPrototypeOf(Reflect.construct(W[name], argumentsFor(W), target)),
      target.prototype,
    );
    const [first] = Object.getOwnPropertyNames(W[name].prototype).filter((key) => key !== 'constructor');
    if (first) assert.equal(Reflect.has(derived, first), true);
  };
  if (!name.endsWith('Error')) {
    given[`${name}: reads it once`] = (W) => {
      const log = [];
      const handler = { get: (target, key, receiver) => (log.push(key), Reflect.get(target, key, receiver)) };
      Reflect.construct(W[name], argumentsFor(W), new Proxy(function () {}, handler));
      assert.deepEqual(log, ['prototype']);
    };
  }
  given[`${name}: throws what a getter throws`] = (W) => {
    const { proxy, revoke } = Proxy.revocable(function () {}, {});
    revoke();
    assert.throws(() => Reflect.construct(W[name], argumentsFor(W), proxy), TypeError);
  };
}

export const cases = {
  'the default prototype': defaults,
  'the prototype': given,
  'what comes from another realm': {
    'bytes in any buffer': (W) => {
      const { run } = realm(W, { bytes: EMPTY });
      for (const text of [
        'Uint8Array.from(bytes)',
        'Uint8Array.from(bytes).buffer',
        'new Int8Array(Uint8Array.from(bytes).buffer)',
      ]) {
        assert.equal(W.validate(run(text)), true, text);
        assert.ok(new W.Module(run(text)));
      }
    },
    'descriptors and iterables': (W) => {
      const { run } = realm(W);
      assert.equal(new W.Memory(run('({ initial: 1, maximum: 2 })')).grow(1), 1);
      assert.equal(new W.Table(run(`({ element: 'externref', initial: 2 })`)).length, 2);
      assert.equal(new W.Global(run(`({ value: 'i64' })`), run('({ valueOf: () => 5n })')).value, 5n);
      const tag = new W.Tag(run(`({ parameters: new Set(['i32']) })`));
      assert.equal(new W.Exception(tag, run('[7]')).getArg(tag, 0), 7);
    },
    'imports, and several results of a function': (W) => {
      const { run } = realm(W);
      for (const text of ['(x) => [x + 1, 5n]', 'function* (x) { yield x + 1; yield 5n; }']) {
        assert.deepEqual(instanceOf(W, SWAP, run(`({ m: { f: ${text} } })`)).g(3), [4, 5n]);
      }
    },
    'what functions throw': (W) => {
      const { run, global } = realm(W);
      const { g } = instanceOf(W, SWAP, run(`({ m: { f() { throw new RangeError('no'); } } })`));
      assert.throws(g, (error) => Object.getPrototypeOf(error) === global.RangeError.prototype);
    },
    'objects as references': (W) => {
      const { run } = realm(W);
      const table = new W.Table({ element: 'externref', initial: 2 });
      for (const value of [run('({})'), run('Symbol()'), run('() => {}')]) {
        table.set(0, value);
        assert.equal(table.get(0), value);
      }
    },
    'functions that are no exported ones': (W) => {
      const { run } = realm(W);
      const table = new W.Table({ element: 'anyfunc', initial: 1 });
      assert.throws(() => table.set(0, run('() => {}')), TypeError);
    },
  },
  'the namespace in another realm': {
    'makes and takes the same objects': (W) => {
      const { run } = realm(W, { bytes: wat(SWAP), memory: new W.Memory({ initial: 1 }) });
      run(`
        const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { m: { f: () => [1, 2n] } });
        const [one, two] = instance.exports.g(0);`);
      assert.equal(run('one === 1 && two === 2n'), true);
      assert.equal(run('instance instanceof WebAssembly.Instance'), true);
      assert.equal(run('memory instanceof WebAssembly.Memory && memory.grow(1) === 1'), true);
      assert.equal(
        run('Object.getPrototypeOf(instance.exports) === null && Object.isFrozen(instance.exports)'),
        true,
      );
    },
    'throws errors of its classes': (W) => {
      const { run } = realm(W);
      assert.equal(
        run(
          `try { new WebAssembly.Module(new Uint8Array(3)); } catch (error) { error instanceof WebAssembly.CompileError; }`,
        ),
        true,
      );
    },
    'gives promises': async (W) => {
      const { run } = realm(W, { bytes: EMPTY });
      assert.ok((await run('WebAssembly.compile(Uint8Array.from(bytes))')) instanceof W.Module);
      const { instance } = await run('(async () => await WebAssembly.instantiate(bytes, {}))()');
      assert.ok(instance instanceof W.Instance);
      await assert.rejects(run('WebAssembly.compile(new Uint8Array(3))'), W.CompileError);
    },
  },
};
