// Compile options: functions on strings and constant strings that the host provides.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebAssembly } from 'gantry-wasm';
import { text } from '../helpers/wat.mjs';

const FUNCTIONS = {
  cast: '(param externref) (result (ref extern))',
  test: '(param externref) (result i32)',
  fromCharCodeArray: '(param (ref null $chars) i32 i32) (result (ref extern))',
  intoCharCodeArray: '(param externref (ref null $chars) i32) (result i32)',
  fromCharCode: '(param i32) (result (ref extern))',
  fromCodePoint: '(param i32) (result (ref extern))',
  charCodeAt: '(param externref i32) (result i32)',
  codePointAt: '(param externref i32) (result i32)',
  length: '(param externref) (result i32)',
  concat: '(param externref externref) (result (ref extern))',
  substring: '(param externref i32 i32) (result (ref extern))',
  equals: '(param externref externref) (result i32)',
  compare: '(param externref externref) (result i32)',
};

const module = text(`(module
  (type $chars (array (mut i16)))
  ${Object.entries(FUNCTIONS)
    .map(([name, type]) => `(import "wasm:js-string" "${name}" (func $${name} ${type}))`)
    .join('\n')}
  (func (export "array") (param i32) (result (ref $chars)) (array.new_default $chars (local.get 0)))
  ${Object.keys(FUNCTIONS)
    .map((name) => `(export "${name}" (func $${name}))`)
    .join('\n')})`);
const strings = new WebAssembly.Instance(new WebAssembly.Module(module, { builtins: ['js-string'] })).exports;

/** [function, arguments, result]; an array of numbers stands for one of wasm. */
const CASES = [
  ['cast', ['text'], 'text'],
  ['cast', [5], Error],
  ['cast', [null], Error],
  ['test', ['text'], 1],
  ['test', [null], 0],
  ['test', [7], 0],
  ['test', [new String('object')], 0],
  ['fromCharCode', [0xd83d], '\ud83d'],
  ['fromCodePoint', [0x1f600], '\u{1f600}'],
  ['fromCodePoint', [0x110000], Error],
  ['fromCodePoint', [-1], Error],
  ['charCodeAt', ['a\u{1f600}', 1], 0xd83d],
  ['charCodeAt', ['abc', 3], Error],
  ['charCodeAt', ['abc', -1], Error],
  ['charCodeAt', [null, 0], Error],
  ['codePointAt', ['a\u{1f600}', 1], 0x1f600],
  ['codePointAt', ['', 0], Error],
  ['length', ['\u{1f600}'], 2],
  ['length', [{}], Error],
  ['concat', ['a', 'b'], 'ab'],
  ['concat', ['a', null], Error],
  ['substring', ['abcdef', 2, 4], 'cd'],
  ['substring', ['abcdef', 4, 2], ''],
  ['substring', ['abcdef', 2, -1], 'cdef'],
  ['substring', ['abcdef', 7, 9], ''],
  ['equals', ['a', 'a'], 1],
  ['equals', ['a', null], 0],
  ['equals', [null, null], 1],
  ['equals', ['a', 1], Error],
  ['compare', ['a', 'b'], -1],
  ['compare', ['b', 'a'], 1],
  ['compare', ['a', 'a'], 0],
  ['compare', ['a', null], Error],
];
for (const [name, args, expected] of CASES) {
  test(`${name}(${args.map((arg) => JSON.stringify(arg))})`, () => {
    if (expected === Error) assert.throws(() => strings[name](...args), WebAssembly.RuntimeError);
    else assert.equal(strings[name](...args), expected);
  });
}

test('strings to arrays and back', () => {
  const array = strings.array(8);
  assert.equal(strings.intoCharCodeArray('wasm\u{1f600}', array, 1), 6);
  assert.equal(strings.fromCharCodeArray(array, 0, 8), '\0wasm\u{1f600}\0');
  assert.equal(strings.fromCharCodeArray(array, 2, 4), 'as');
  assert.throws(() => strings.fromCharCodeArray(array, 4, 9), WebAssembly.RuntimeError);
  assert.throws(() => strings.fromCharCodeArray(array, 4, 2), WebAssembly.RuntimeError);
  assert.throws(() => strings.intoCharCodeArray('text', array, 5), WebAssembly.RuntimeError);
  assert.throws(() => strings.intoCharCodeArray('text', null, 0), WebAssembly.RuntimeError);
});

test('constant strings, in every way to compile', async () => {
  const bytes = text(`(module
    (import "#" "hello" (global $hello (ref extern)))
    (import "#" "" (global $empty externref))
    (func (export "hello") (result externref) (global.get $hello))
    (func (export "empty") (result externref) (global.get $empty)))`);
  const options = { importedStringConstants: '#' };
  const modules = [
    new WebAssembly.Module(bytes, options),
    await WebAssembly.compile(bytes, options),
    (await WebAssembly.instantiate(bytes, undefined, options)).module,
  ];
  for (const module of modules) {
    assert.deepEqual(WebAssembly.Module.imports(module), []);
    const { hello, empty } = new WebAssembly.Instance(module).exports;
    assert.deepEqual([hello(), empty()], ['hello', '']);
  }
  assert.ok(WebAssembly.validate(bytes, options));
});

test('wrong types are refused when compiling', async () => {
  const wrong = [
    ['(import "wasm:js-string" "length" (func (param i32) (result i32)))', { builtins: ['js-string'] }],
    ['(import "wasm:js-string" "length" (global i32))', { builtins: ['js-string'] }],
    ['(import "s" "text" (global i32))', { importedStringConstants: 's' }],
    ['(import "s" "text" (global (mut externref)))', { importedStringConstants: 's' }],
    ['(import "s" "text" (func))', { importedStringConstants: 's' }],
  ];
  for (const [source, options] of wrong) {
    const bytes = text(`(module ${source})`);
    assert.throws(() => new WebAssembly.Module(bytes, options), WebAssembly.CompileError);
    await assert.rejects(WebAssembly.compile(bytes, options), WebAssembly.CompileError);
    assert.equal(WebAssembly.validate(bytes, options), false);
    assert.ok(WebAssembly.validate(bytes));
  }
});

test('what is not asked for is an import as any other', () => {
  const source = '(module (import "wasm:js-string" "length" (func (param externref) (result i32))))';
  const module = new WebAssembly.Module(text(source));
  assert.equal(WebAssembly.Module.imports(module).length, 1);
  assert.throws(() => new WebAssembly.Instance(module), TypeError);
  const unknown = text('(module (import "wasm:js-string" "unknown" (func)))');
  assert.equal(
    WebAssembly.Module.imports(new WebAssembly.Module(unknown, { builtins: ['js-string'] })).length,
    1,
  );
});
