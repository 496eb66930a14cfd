// Tags, exceptions and JSTag. https://webassembly.github.io/spec/js-api/#tags, #exceptions

import assert from 'node:assert/strict';
import { text } from '../../helpers/wat.mjs';
import { NOT_OBJECTS, throwsForAll } from '../expect.mjs';

export const title = 'Tags and exceptions';

const tag = (W, ...parameters) => new W.Tag({ parameters });
const instance = (W, source, imports) => new W.Instance(new W.Module(text(source)), imports).exports;

const caught = (f) => {
  try {
    f();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing thrown');
};

/** Functions that catch what an import throws, and throw it again. */
const CATCHING = `(module (import "m" "f" (func $f)) (import "m" "tag" (tag $tag (param i32))) (import "m" "js" (tag $js (param externref)))
  (func (export "rethrow") (block $h (result exnref) (try_table (catch_all_ref $h) (call $f)) (return)) (throw_ref))
  (func (export "rethrowTag") (block $h (result i32 exnref) (try_table (catch_ref $tag $h) (call $f)) (return)) (throw_ref))
  (func (export "payload") (result i32) (block $h (result i32) (try_table (catch $tag $h) (call $f)) (i32.const -1)))
  (func (export "again") (block $h (result i32) (try_table (catch $tag $h) (call $f)) (return)) (throw $tag))
  (func (export "value") (result externref) (block $h (result externref) (try_table (catch $js $h) (call $f)) (ref.null extern)))
  (func (export "throwValue") (param externref) (throw $js (local.get 0)))
  (func (export "throwTag") (param i32) (throw $tag (local.get 0))))`;
const catching = (W, thrown, own = tag(W, 'i32')) =>
  instance(W, CATCHING, {
    m: {
      f: () => {
        throw thrown;
      },
      tag: own,
      js: W.JSTag,
    },
  });

export const cases = {
  'new Tag': {
    'wants a type': (W) => {
      assert.throws(() => new W.Tag(), TypeError);
      throwsForAll(
        [
          ...NOT_OBJECTS,
          {},
          { parameters: undefined },
          { parameters: null },
          { parameters: 1 },
          { parameters: {} },
        ],
        TypeError,
        (type) => new W.Tag(type),
      );
    },
    'wants value types': (W) =>
      throwsForAll(
        ['', 'i16', undefined, null, 1, {}],
        TypeError,
        (type) => new W.Tag({ parameters: ['i32', type] }),
      ),
    'takes any iterable': (W) => {
      for (const parameters of [
        [],
        new Set(['i32']),
        ['i32', 'i64', 'f32', 'f64', 'externref', 'anyfunc'].values(),
      ]) {
        assert.equal(String(new W.Tag({ parameters })), '[object WebAssembly.Tag]');
      }
    },
    'gives tags that differ, whatever their types': (W) => {
      const [a, b] = [tag(W), tag(W)];
      assert.ok(new W.Exception(a, []).is(a));
      assert.equal(new W.Exception(a, []).is(b), false);
    },
  },
  'new Exception': {
    'wants a tag and values': (W) => {
      const own = tag(W, 'i32');
      for (const args of [[], [own]]) assert.throws(() => new W.Exception(...args), TypeError);
      throwsForAll(
        [...NOT_OBJECTS, {}, W.Tag, W.Tag.prototype],
        TypeError,
        (value) => new W.Exception(value, []),
      );
      throwsForAll([...NOT_OBJECTS, {}], TypeError, (values) => new W.Exception(own, values));
      throwsForAll([[], [1, 2]], TypeError, (values) => new W.Exception(own, values));
    },
    'converts values': (W) => {
      const own = tag(W, 'i32', 'i64', 'f32', 'f64', 'externref', 'anyfunc');
      const exception = new W.Exception(own, ['1', true, 0.1, null, 'x', null]);
      const all = [0, 1, 2, 3, 4, 5].map((i) => exception.getArg(own, i));
      assert.deepEqual(all, [1, 1n, Math.fround(0.1), 0, 'x', null]);
      for (const [type, value] of [
        ['i32', 1n],
        ['i64', 1],
        ['f32', Symbol('s')],
        ['anyfunc', () => {}],
      ]) {
        assert.throws(() => new W.Exception(tag(W, type), [value]), TypeError, type);
      }
    },
    'takes any iterable': (W) => {
      const own = tag(W, 'i32', 'i32');
      assert.equal(new W.Exception(own, new Set([1, 2])).getArg(own, 1), 2);
    },
    'refuses JSTag': (W) => assert.throws(() => new W.Exception(W.JSTag, [{}]), TypeError),
    'gives an object that is no Error': (W) => {
      const exception = new W.Exception(tag(W), []);
      assert.equal(String(exception), '[object WebAssembly.Exception]');
      assert.equal(exception instanceof Error, false);
    },
    'traces the stack only if it should': (W) => {
      for (const options of [undefined, null, {}, { traceStack: false }, { traceStack: 0 }]) {
        assert.equal(new W.Exception(tag(W), [], options).stack, undefined);
      }
      for (const traceStack of [true, 1, 'x', {}]) {
        assert.equal(typeof new W.Exception(tag(W), [], { traceStack }).stack, 'string');
      }
      throwsForAll(
        [true, '', 1, 1n, Symbol('s')],
        TypeError,
        (options) => new W.Exception(tag(W), [], options),
      );
    },
  },
  'Exception is, getArg': {
    'want a tag': (W) => {
      const own = tag(W, 'i32');
      const exception = new W.Exception(own, [5]);
      for (const args of [[], [own]]) assert.throws(() => exception.getArg(...args), TypeError);
      assert.throws(() => exception.is(), TypeError);
      throwsForAll([...NOT_OBJECTS, {}, W.Tag], TypeError, (value) => exception.is(value));
      throwsForAll([...NOT_OBJECTS, {}, W.Tag, tag(W, 'i32')], TypeError, (value) =>
        exception.getArg(value, 0),
      );
      assert.equal(exception.is(own), true);
      assert.equal(exception.is(tag(W, 'i32')), false);
    },
    'getArg wants an index in range': (W) => {
      const own = tag(W, 'i32');
      const exception = new W.Exception(own, [5]);
      throwsForAll([undefined, NaN, Infinity, -1, 2 ** 32, 'x', {}, 1n, Symbol('s')], TypeError, (index) =>
        exception.getArg(own, index),
      );
      throwsForAll([1, 2 ** 32 - 1], RangeError, (index) => exception.getArg(own, index));
      for (const index of [0, null, '0', 0.9, false]) assert.equal(exception.getArg(own, index), 5);
    },
  },
  'throw and catch': {
    'an exception of JavaScript stays the same object': (W) => {
      const own = tag(W, 'i32');
      const exception = new W.Exception(own, [42]);
      const { rethrow, rethrowTag, payload, again } = catching(W, exception, own);
      assert.equal(caught(rethrow), exception);
      assert.equal(caught(rethrowTag), exception);
      assert.equal(payload(), 42);
      const other = caught(again);
      assert.notEqual(other, exception);
      assert.deepEqual([other.is(own), other.getArg(own, 0)], [true, 42]);
    },
    'an exception of another tag passes through': (W) => {
      const exception = new W.Exception(tag(W, 'i32'), [1]);
      const { payload, value, rethrow } = catching(W, exception);
      for (const f of [payload, value, rethrow]) assert.equal(caught(f), exception);
    },
    'an exception of wasm is an Exception': (W) => {
      const own = tag(W, 'i32');
      const exception = caught(() => catching(W, null, own).throwTag(7));
      assert.ok(exception instanceof W.Exception);
      assert.deepEqual([exception.is(own), exception.getArg(own, 0)], [true, 7]);
    },
    'JSTag carries values of JavaScript': (W) => {
      for (const thrown of [{}, new Error('x'), 1, 'x', undefined, null, Symbol('s')]) {
        const { value, rethrow, throwValue } = catching(W, thrown);
        assert.equal(value(), thrown);
        assert.equal(caught(rethrow), thrown);
        assert.equal(
          caught(() => throwValue(thrown)),
          thrown,
        );
      }
    },
    'traps are not caught by wasm': (W) => {
      const { f } = instance(
        W,
        '(module (func (export "f") (block $h (try_table (catch_all $h) (unreachable)))))',
      );
      assert.throws(f, W.RuntimeError);
    },
    'traps of other instances pass through': (W) => {
      const { trap } = instance(W, '(module (func (export "trap") unreachable))');
      const error = caught(trap);
      const { value, rethrow } = catching(W, error);
      assert.equal(caught(value), error);
      assert.equal(caught(rethrow), error);
    },
    'an exported tag is the tag that functions throw': (W) => {
      const { own, f } = instance(
        W,
        '(module (tag $t (export "own") (param i64)) (func (export "f") (throw $t (i64.const 3))))',
      );
      assert.ok(own instanceof W.Tag);
      assert.equal(caught(f).getArg(own, 0), 3n);
    },
  },
};
