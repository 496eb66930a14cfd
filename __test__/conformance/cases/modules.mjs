// Modules and instances: compiling, instantiating, and what is told of both.
// https://webassembly.github.io/spec/js-api/#modules, #instances

import assert from 'node:assert/strict';
import { instanceOf, wat } from '../../helpers/wat.mjs';
import { NOT_OBJECTS, attributes, throwsForAll, rejectsForAll } from '../expect.mjs';

export const title = 'Modules and instances';

const EMPTY = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const BAD = Uint8Array.of(...EMPTY, 0, 0);
const GLOBAL = wat('(module (import "module" "global" (global i32)))');
const KINDS =
  wat(`(module (import "m" "f" (func)) (import "m" "t" (table 0 funcref)) (import "m" "m" (memory 0))
  (import "m" "g" (global i32)) (import "n" "tag" (tag)) (import "" "" (func))
  (export "f" (func 0)) (export "t" (table 0)) (export "m" (memory 0)) (export "g" (global 0)) (export "tag" (tag 0)) (export "" (func 1)))`);

const isSource = (W, result) => {
  assert.equal(Object.getPrototypeOf(result), Object.prototype);
  assert.deepEqual(Object.keys(result), ['module', 'instance']);
  for (const key of ['module', 'instance']) assert.deepEqual(attributes(result, key), [true, true, true]);
  assert.equal(Object.getPrototypeOf(result.module), W.Module.prototype);
  assert.equal(Object.getPrototypeOf(result.instance), W.Instance.prototype);
};

/** An import object that logs what is read of it. */
const observed = (order) => ({
  get module() {
    order.push('module');
    return {
      get global() {
        order.push('global');
        return 0;
      },
    };
  },
});

/** Gives modules a method `then` that is called for the first module only. */
async function withThen(W, then, body) {
  try {
    W.Module.prototype.then = function (resolve) {
      delete W.Module.prototype.then;
      then(resolve);
    };
    await body();
  } finally {
    delete W.Module.prototype.then;
  }
}

/** Two custom sections with a name, and one with another. */
const SECTIONS = Uint8Array.of(...EMPTY, 0, 4, 1, 120, 1, 2, 0, 2, 1, 120, 0, 3, 1, 121, 9);

export const cases = {
  compile: {
    'gives a promise of its own realm': (W) => {
      const promise = W.compile(EMPTY);
      assert.equal(Object.getPrototypeOf(promise), Promise.prototype);
      assert.ok(Object.isExtensible(promise));
    },
    'takes any receiver': async (W) => {
      for (const receiver of [...NOT_OBJECTS, {}, W]) {
        assert.ok((await W.compile.call(receiver, EMPTY)) instanceof W.Module);
      }
    },
    'rejects with CompileError': (W) => assert.rejects(W.compile(BAD), W.CompileError),
    'has copied the bytes when it returns': async (W) => {
      const bytes = EMPTY.slice();
      const promise = W.compile(bytes);
      bytes[0] = 1;
      assert.ok((await promise) instanceof W.Module);
    },
    'passes over arguments that it does not have': async (W) =>
      assert.ok((await W.compile(EMPTY, {}, 1, 2)) instanceof W.Module),
    'refuses options that are no dictionary': (W) =>
      rejectsForAll([true, '', 'x', 1, 1n, Symbol('s')], TypeError, (options) => W.compile(EMPTY, options)),
    'takes undefined and null for no options': async (W) => {
      for (const options of [undefined, null]) assert.ok(await W.compile(EMPTY, options));
    },
    'resolves with a module once, however it is thenable': async (W) => {
      let calls = 0;
      await withThen(
        W,
        (resolve) => (calls++, resolve('then')),
        async () => assert.equal(await W.compile(EMPTY), 'then'),
      );
      assert.equal(calls, 1);
    },
  },
  instantiate: {
    'of bytes gives an object with module and instance': async (W) => isSource(W, await W.instantiate(EMPTY)),
    'of a module gives an instance': async (W) => {
      const instance = await W.instantiate(new W.Module(EMPTY));
      assert.equal(Object.getPrototypeOf(instance), W.Instance.prototype);
      assert.ok(Object.isExtensible(instance));
    },
    'takes any receiver': async (W) => {
      for (const receiver of [...NOT_OBJECTS, {}, W]) isSource(W, await W.instantiate.call(receiver, EMPTY));
    },
    'of bytes reads imports later': async (W) => {
      const order = [];
      const promise = W.instantiate(GLOBAL, observed(order));
      assert.deepEqual(order, []);
      isSource(W, await promise);
      assert.deepEqual(order, ['module', 'global']);
    },
    'of a module reads imports at once': async (W) => {
      const order = [];
      const promise = W.instantiate(new W.Module(GLOBAL), observed(order));
      assert.deepEqual(order, ['module', 'global']);
      assert.ok((await promise) instanceof W.Instance);
    },
    'refuses imports that are no object before it looks at bytes': (W) =>
      rejectsForAll([null, true, '', 'x', 1, 1n, Symbol('s')], TypeError, (imports) =>
        W.instantiate(BAD, imports),
      ),
    'rejects with CompileError': (W) => assert.rejects(W.instantiate(BAD), W.CompileError),
    'goes on with what the method then of a module gives': async (W) => {
      const other = new W.Module(EMPTY);
      await withThen(
        W,
        (resolve) => resolve(other),
        async () => {
          const { module, instance } = await W.instantiate(EMPTY);
          assert.equal(module, other);
          assert.ok(instance instanceof W.Instance);
        },
      );
    },
    'refuses what is no module from the method then of a module': (W) =>
      withThen(
        W,
        (resolve) => resolve(17),
        () => assert.rejects(W.instantiate(EMPTY), TypeError),
      ),
  },
  'new Module': {
    'gives an extensible object without properties': (W) => {
      const module = new W.Module(EMPTY);
      assert.deepEqual(Reflect.ownKeys(module), []);
      assert.ok(Object.isExtensible(module));
      assert.equal(String(module), '[object WebAssembly.Module]');
    },
    'throws CompileError': (W) => assert.throws(() => new W.Module(BAD), W.CompileError),
    'passes over arguments that it does not have': (W) => assert.ok(new W.Module(EMPTY, {}, 1)),
    'gives each call an object of its own': (W) => assert.notEqual(new W.Module(EMPTY), new W.Module(EMPTY)),
  },
  'Module.exports, Module.imports': {
    'tell names and kinds in order': (W) => {
      const module = new W.Module(KINDS);
      const kinds = ['function', 'table', 'memory', 'global', 'tag', 'function'];
      assert.deepEqual(
        W.Module.imports(module).map(({ module: from, name, kind }) => [from, name, kind]),
        ['m f', 'm t', 'm m', 'm g', 'n tag', ' '].map((text, i) => [...text.split(' '), kinds[i]]),
      );
      assert.deepEqual(
        W.Module.exports(module).map(({ name, kind }) => [name, kind]),
        ['f', 't', 'm', 'g', 'tag', ''].map((name, i) => [name, kinds[i]]),
      );
    },
    'give new arrays of plain objects each time': (W) => {
      const module = new W.Module(KINDS);
      for (const [list, keys] of [
        [W.Module.imports, ['module', 'name', 'kind']],
        [W.Module.exports, ['name', 'kind']],
      ]) {
        const [first, second] = [list(module), list(module)];
        assert.notEqual(first, second);
        assert.notEqual(first[0], second[0]);
        assert.ok(Array.isArray(first) && Object.isExtensible(first));
        assert.equal(Object.getPrototypeOf(first[0]), Object.prototype);
        assert.deepEqual(Object.keys(first[0]), keys);
        for (const key of keys) assert.deepEqual(attributes(first[0], key), [true, true, true]);
      }
    },
    'refuse what is no module': (W) => {
      const values = [
        ...NOT_OBJECTS,
        {},
        EMPTY,
        W.Module,
        W.Module.prototype,
        Object.create(new W.Module(EMPTY)),
      ];
      for (const list of [W.Module.imports, W.Module.exports]) {
        assert.throws(() => list(), TypeError);
        throwsForAll(values, TypeError, (value) => list(value));
        assert.deepEqual(list.call({}, new W.Module(EMPTY), 1), []);
      }
    },
  },
  'Module.customSections': {
    'gives copies of all of a name': (W) => {
      const module = new W.Module(SECTIONS);
      const of = (name) => W.Module.customSections(module, name).map((buffer) => [...new Uint8Array(buffer)]);
      assert.deepEqual([of('x'), of('y'), of(''), of('z')], [[[1, 2], []], [[9]], [], []]);
      const [first] = W.Module.customSections(module, 'x');
      assert.equal(Object.getPrototypeOf(first), ArrayBuffer.prototype);
      new Uint8Array(first).fill(7);
      assert.deepEqual(of('x')[0], [1, 2]);
    },
    'converts the name': (W) => {
      const module = new W.Module(SECTIONS);
      assert.equal(W.Module.customSections(module, { toString: () => 'x' }).length, 2);
      assert.equal(W.Module.customSections(module, undefined).length, 0);
      assert.throws(() => W.Module.customSections(module), TypeError);
      assert.throws(() => W.Module.customSections(module, Symbol('x')), TypeError);
    },
    'finds nothing under a lone surrogate': (W) => {
      const module = new W.Module(Uint8Array.of(...EMPTY, 0, 5, 3, 0xef, 0xbf, 0xbd, 1));
      assert.equal(W.Module.customSections(module, '\ufffd').length, 1);
      assert.equal(W.Module.customSections(module, '\ud800').length, 0);
    },
    'refuses what is no module': (W) => {
      const values = [...NOT_OBJECTS, {}, EMPTY, W.Module, W.Module.prototype];
      throwsForAll(values, TypeError, (value) => W.Module.customSections(value, ''));
    },
  },
  'new Instance': {
    'gives an extensible object, whose exports are frozen and have no prototype': (W) => {
      const instance = new W.Instance(new W.Module(wat('(module (func (export "f")))')));
      assert.deepEqual(Reflect.ownKeys(instance), []);
      assert.ok(Object.isExtensible(instance));
      const { exports } = instance;
      assert.equal(instance.exports, exports);
      assert.equal(Object.getPrototypeOf(exports), null);
      assert.ok(Object.isFrozen(exports));
      assert.deepEqual(attributes(exports, 'f'), [false, true, false]);
    },
    'wants a module': (W) => {
      assert.throws(() => new W.Instance(), TypeError);
      const values = [...NOT_OBJECTS, {}, EMPTY, W.Module, W.Module.prototype];
      throwsForAll(values, TypeError, (value) => new W.Instance(value));
    },
    'wants imports that are an object or undefined': (W) =>
      throwsForAll(
        [null, true, '', 1, 1n, Symbol('s')],
        TypeError,
        (imports) => new W.Instance(new W.Module(EMPTY), imports),
      ),
    'looks at imports only if there are some': (W) => {
      const imports = new Proxy({}, { get: () => assert.fail('looked at') });
      assert.ok(new W.Instance(new W.Module(EMPTY), imports));
    },
    'wants an object for every module name': (W) => {
      const module = new W.Module(GLOBAL);
      for (const imports of [
        undefined,
        {},
        ...[undefined, null, true, '', 1, 1n].map((m) => ({ module: m })),
      ]) {
        assert.throws(() => new W.Instance(module, imports), TypeError);
      }
      assert.ok(new W.Instance(module, { module: Object.assign(() => {}, { global: 1 }) }));
    },
    'throws what getters throw': (W) => {
      const error = new Error('of a getter');
      const throwing = {
        get: () => {
          throw error;
        },
      };
      for (const imports of [new Proxy({}, throwing), { module: new Proxy({}, throwing) }]) {
        assert.throws(
          () => new W.Instance(new W.Module(GLOBAL), imports),
          (thrown) => thrown === error,
        );
      }
    },
    'reads imports in the order of the module': (W) => {
      const order = [];
      const value = {
        m: {
          f() {},
          t: new W.Table({ element: 'anyfunc', initial: 0 }),
          m: new W.Memory({ initial: 0 }),
          g: 1,
        },
      };
      const spy = (object, name) =>
        new Proxy(object, { get: (target, key) => (order.push(`${name}${String(key)}`), target[key]) });
      new W.Instance(
        new W.Module(
          wat(`(module (import "m" "f" (func)) (import "n" "g" (global i32)) (import "m" "m" (memory 0)))`),
        ),
        spy({ m: spy(value.m, 'm.'), n: spy(value.m, 'n.') }, ''),
      );
      assert.deepEqual(order, ['m', 'm.f', 'n', 'n.g', 'm', 'm.m']);
    },
  },
  'read the imports': Object.fromEntries(
    Object.entries({
      func: ['(func)', (W) => [...NOT_OBJECTS, {}, new W.Memory({ initial: 0 })]],
      'global i32': [
        '(global i32)',
        (W) => [undefined, null, true, '', 1n, {}, () => {}, new W.Memory({ initial: 0 })],
      ],
      'global i64': ['(global i64)', () => [undefined, null, true, '', 1, {}, () => {}]],
      'global f32': ['(global f32)', () => [undefined, null, true, '', 1n, {}, () => {}]],
      'global that is mutable': ['(global (mut i32))', () => [...NOT_OBJECTS, {}]],
      'global of another type': [
        '(global i32)',
        (W) => [new W.Global({ value: 'i64' }), new W.Global({ value: 'i32', mutable: true })],
      ],
      'global funcref': ['(global funcref)', () => [undefined, 1, {}, () => {}]],
      memory: [
        '(memory 1)',
        (W) => [
          ...NOT_OBJECTS,
          {},
          W.Memory.prototype,
          new W.Memory({ initial: 0 }),
          new W.Table({ element: 'anyfunc', initial: 1 }),
        ],
      ],
      'memory with a maximum': [
        '(memory 1 2)',
        (W) => [new W.Memory({ initial: 1 }), new W.Memory({ initial: 1, maximum: 3 })],
      ],
      table: [
        '(table 1 funcref)',
        (W) => [
          ...NOT_OBJECTS,
          {},
          new W.Memory({ initial: 1 }),
          new W.Table({ element: 'anyfunc', initial: 0 }),
          new W.Table({ element: 'externref', initial: 1 }),
        ],
      ],
      tag: ['(tag)', (W) => [...NOT_OBJECTS, {}, new W.Tag({ parameters: ['i32'] }), W.Tag.prototype]],
    }).map(([what, [type, values]]) => [
      `throws LinkError for what is no ${what}`,
      (W) => {
        const module = new W.Module(wat(`(module (import "m" "x" ${type}))`));
        throwsForAll(values(W), W.LinkError, (x) => new W.Instance(module, { m: { x } }));
      },
    ]),
  ),
  'create an exports object': {
    'gives one object for one thing': (W) => {
      const exports = instanceOf(
        W,
        `(module (func $f (export "f")) (export "f2" (func $f)) (memory (export "m") 0) (export "m2" (memory 0))
          (table (export "t") 1 funcref) (export "t2" (table 0)) (elem (i32.const 0) $f)
          (global (export "g") i32 (i32.const 1)) (export "g2" (global 0)) (tag (export "e")) (export "e2" (tag 0)))`,
      );
      for (const name of ['f', 'm', 't', 'g', 'e']) assert.equal(exports[name], exports[`${name}2`], name);
      assert.equal(exports.t.get(0), exports.f);
    },
    'gives back what was imported': (W) => {
      const m = {
        f: instanceOf(W, '(module (func (export "f")))').f,
        t: new W.Table({ element: 'anyfunc', initial: 0 }),
        m: new W.Memory({ initial: 0 }),
        g: new W.Global({ value: 'i32' }),
      };
      const tag = new W.Tag({ parameters: [] });
      const { exports } = new W.Instance(new W.Module(KINDS), { m, n: { tag }, '': { '': m.f } });
      for (const name of Object.keys(m)) assert.equal(exports[name], m[name], name);
      assert.equal(exports.tag, tag);
      assert.equal(exports[''], m.f);
    },
    'gives a JavaScript function back as an Exported Function, one for each import': (W) => {
      const f = () => 1;
      const text = `(module (import "m" "f" (func $a)) (import "m" "f" (func $b)) (export "a" (func $a)) (export "b" (func $b)))`;
      const { a, b } = instanceOf(W, text, { m: { f } });
      assert.notEqual(a, f);
      assert.notEqual(a, b);
      assert.deepEqual([a.name, b.name], ['0', '1']);
    },
  },
};
