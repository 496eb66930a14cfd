// Compile options: builtins and imported string constants.
// https://webassembly.github.io/spec/js-api/#dictdef-webassemblycompileoptions

import assert from 'node:assert/strict';
import { text } from '../../helpers/wat.mjs';
import { watched } from '../expect.mjs';

export const title = 'Compile options';

const TEST = text(
  '(module (import "wasm:js-string" "test" (func $t (param externref) (result i32))) (export "test" (func $t)))',
);
const WRONG = text('(module (import "wasm:js-string" "test" (func $t (param i32) (result i32))))');
const UNKNOWN = text('(module (import "wasm:js-string" "none" (func)))');
const CONSTANT = text('(module (import "s" "hi" (global externref)) (export "hi" (global 0)))');
const STRINGS = { builtins: ['js-string'] };

/** [what, bytes, options, is valid] */
const MODULES = [
  ['a builtin of its type', TEST, STRINGS, true],
  ['a builtin of another type', WRONG, STRINGS, false],
  ['a builtin of another type that was not asked for', WRONG, {}, true],
  [
    'a builtin whose type is in a recursion group with others',
    text(`(module (rec (type $t (func (param externref) (result i32))) (type (struct)))
      (import "wasm:js-string" "test" (func (type $t))))`),
    STRINGS,
    false,
  ],
  [
    'a builtin whose type may have subtypes',
    text(`(module (type $t (sub (func (param externref) (result i32))))
      (import "wasm:js-string" "test" (func (type $t))))`),
    STRINGS,
    false,
  ],
  ['a name that no builtin has', UNKNOWN, STRINGS, true],
  ['a set that nobody knows', WRONG, { builtins: ['unknown'] }, true],
  ['a set twice', TEST, { builtins: ['js-string', 'js-string'] }, false],
  ['a constant', CONSTANT, { importedStringConstants: 's' }, true],
  [
    'a constant that is no global',
    text('(module (import "s" "hi" (func)))'),
    { importedStringConstants: 's' },
    false,
  ],
  [
    'a constant that is mutable',
    text('(module (import "s" "hi" (global (mut externref))))'),
    { importedStringConstants: 's' },
    false,
  ],
  [
    'a constant of another type',
    text('(module (import "s" "hi" (global i32)))'),
    { importedStringConstants: 's' },
    false,
  ],
];

export const cases = {
  'validate builtins and imported strings': {},
  'read options': {
    'in the order of their names': (W) => {
      const log = [];
      new W.Module(TEST, watched(log, { importedStringConstants: undefined, builtins: undefined }));
      assert.deepEqual(log.slice(0, 2), ['builtins', 'importedStringConstants']);
    },
    'builtins are any iterable of strings': (W) => {
      for (const builtins of [['js-string'], new Set(['js-string']), [new String('js-string')]]) {
        assert.deepEqual(W.Module.imports(new W.Module(TEST, { builtins })), []);
      }
      for (const builtins of [null, 1, 'js-string', {}, [Symbol('s')]]) {
        assert.throws(() => new W.Module(TEST, { builtins }), TypeError);
      }
    },
    'importedStringConstants may be null': (W) => {
      assert.equal(W.Module.imports(new W.Module(CONSTANT, { importedStringConstants: null })).length, 1);
      assert.throws(() => new W.Module(CONSTANT, { importedStringConstants: Symbol('s') }), TypeError);
    },
    'must be an object': (W) => {
      for (const options of [1, 'x', true, 1n]) assert.throws(() => new W.Module(TEST, options), TypeError);
    },
  },
  instantiate: {
    'needs no import object for what is provided': async (W) => {
      const module = new W.Module(TEST, STRINGS);
      assert.deepEqual(W.Module.imports(module), []);
      for (const { exports } of [
        new W.Instance(module),
        new W.Instance(module, undefined),
        await W.instantiate(module),
      ]) {
        assert.deepEqual([exports.test('x'), exports.test(1)], [1, 0]);
      }
    },
    'gives constants their own names': (W) => {
      const { hi } = new W.Instance(new W.Module(CONSTANT, { importedStringConstants: 's' })).exports;
      assert.equal(hi.value, 'hi');
      assert.throws(() => (hi.value = 'x'), TypeError);
    },
    'asks for what is not provided': (W) => {
      assert.throws(() => new W.Instance(new W.Module(UNKNOWN, STRINGS)), TypeError);
      assert.ok(new W.Instance(new W.Module(UNKNOWN, STRINGS), { 'wasm:js-string': { none() {} } }));
    },
    'of bytes takes options after the imports': async (W) => {
      const { instance } = await W.instantiate(TEST, undefined, STRINGS);
      assert.equal(instance.exports.test(''), 1);
    },
    'provides builtins whatever the import object has': (W) => {
      const imports = { 'wasm:js-string': { test: () => 5 } };
      assert.equal(new W.Instance(new W.Module(TEST, STRINGS), imports).exports.test(1), 0);
      assert.equal(new W.Instance(new W.Module(TEST), imports).exports.test(1), 5);
    },
  },
};

for (const [what, bytes, options, valid] of MODULES) {
  cases['validate builtins and imported strings'][what] = async (W) => {
    assert.equal(W.validate(bytes, options), valid);
    if (valid) {
      assert.ok(new W.Module(bytes, options));
      assert.ok(await W.compile(bytes, options));
    } else {
      assert.throws(() => new W.Module(bytes, options), W.CompileError);
      await assert.rejects(W.compile(bytes, options), W.CompileError);
      await assert.rejects(W.instantiate(bytes, {}, options), W.CompileError);
    }
  };
}
