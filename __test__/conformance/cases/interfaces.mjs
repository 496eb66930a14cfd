// The shape of the namespace, and of every interface, as Web IDL gives it. https://webidl.spec.whatwg.org/#js-binding

import assert from 'node:assert/strict';
import { nodeMajor } from '../../helpers/both.mjs';
import { attributes, isAttribute, isInterface, isOperation, receivers } from '../expect.mjs';

export const title = 'The shape of interfaces';

/** By interface: the length of the constructor, its operations, static operations, attributes. */
const INTERFACES = {
  Module: [1, {}, { exports: 1, imports: 1, customSections: 2 }, {}],
  Instance: [1, {}, {}, { exports: false }],
  Memory: [1, { grow: 1, toFixedLengthBuffer: 0, toResizableBuffer: 0 }, {}, { buffer: false }],
  Table: [1, { get: 1, set: 1, grow: 1 }, {}, { length: false }],
  Global: [1, { valueOf: 0 }, {}, { value: true }],
  Tag: [1, {}, {}, {}],
  Exception: [2, { is: 1, getArg: 2 }, {}, { stack: false }],
};
const TYPED = { Memory: 'type', Table: 'type', Global: 'type', Tag: 'type' };
const OPERATIONS = {
  validate: 1,
  compile: 1,
  instantiate: 1,
  compileStreaming: 1,
  instantiateStreaming: 1,
  promising: 1,
};
const ERRORS = ['CompileError', 'LinkError', 'RuntimeError'];

export const cases = {
  'the namespace': {
    'is an object with a tag': (W) => {
      assert.equal(typeof W, 'object');
      assert.equal(Object.getPrototypeOf(W), Object.prototype);
      assert.ok(Object.isExtensible(W));
      assert.deepEqual(Object.getOwnPropertyDescriptor(W, Symbol.toStringTag), {
        value: 'WebAssembly',
        writable: false,
        enumerable: false,
        configurable: true,
      });
      assert.throws(() => W(), TypeError);
      assert.throws(() => new W(), TypeError);
    },
    'Suspending is a class': (W) => isInterface(W, 'Suspending', 1),
    'JSTag is an attribute that cannot be set': (W) => {
      const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(W, 'JSTag');
      assert.deepEqual([enumerable, configurable, set, get.name], [true, true, undefined, 'get JSTag']);
      assert.equal(W.JSTag, W.JSTag);
      assert.ok(W.JSTag instanceof W.Tag);
    },
    ...Object.fromEntries(
      Object.entries(OPERATIONS).map(([name, length]) => [
        `${name} is an operation`,
        (W) => isOperation(W, name, length),
      ]),
    ),
    ...Object.fromEntries(
      [...ERRORS, 'SuspendError'].map((name) => [
        `${name} is an error class`,
        (W) => {
          const constructor = W[name];
          assert.deepEqual(attributes(W, name), [true, false, true]);
          assert.deepEqual([constructor.name, constructor.length], [name, 1]);
          assert.equal(Object.getPrototypeOf(constructor), Error);
          assert.equal(Object.getPrototypeOf(constructor.prototype), Error.prototype);
          assert.equal(Object.hasOwn(constructor.prototype, Symbol.toStringTag), false);
          for (const key of ['name', 'message', 'constructor']) {
            assert.deepEqual(attributes(constructor.prototype, key), [true, false, true], key);
          }
        },
      ]),
    ),
  },
};

for (const [name, [length, operations, statics, attributeNames]] of Object.entries(INTERFACES)) {
  const step = (cases[name] = {});
  step['is an interface object'] = (W) => isInterface(W, name, length);
  for (const [operation, count] of Object.entries(operations)) {
    step[`${operation} is an operation`] = (W) => isOperation(W[name].prototype, operation, count);
    step[`${operation} refuses other receivers`] = (W) => {
      const method = W[name].prototype[operation];
      for (const receiver of receivers(W, name)) assert.throws(() => method.call(receiver, 0, 0), TypeError);
    };
  }
  for (const [operation, count] of Object.entries(statics)) {
    step[`${operation} is a static operation`] = (W) => isOperation(W[name], operation, count);
  }
  for (const [attribute, settable] of Object.entries(attributeNames)) {
    step[`${attribute} is an attribute`] = (W) => isAttribute(W[name].prototype, attribute, { settable });
    step[`${attribute} refuses other receivers`] = (W) => {
      const { get, set } = Object.getOwnPropertyDescriptor(W[name].prototype, attribute);
      for (const receiver of receivers(W, name)) {
        assert.throws(() => get.call(receiver), TypeError);
        if (settable) assert.throws(() => set.call(receiver, 1), TypeError);
      }
    };
  }
  if (TYPED[name]) {
    step['type is an operation, by the proposal of type reflection'] = (W) => {
      isOperation(W[name].prototype, 'type', 0);
      for (const receiver of receivers(W, name)) {
        assert.throws(() => W[name].prototype.type.call(receiver), TypeError);
      }
    };
  }
}

Object.assign(cases.Module, {
  'is a module source where the language has them': (W) => {
    if (nodeMajor < 24) return assert.equal(Object.getPrototypeOf(W.Module), Function.prototype);
    const source = Object.getPrototypeOf(W.Module);
    assert.equal(source.name, 'AbstractModuleSource');
    assert.equal(Object.getPrototypeOf(W.Module.prototype), source.prototype);
    const { get } = Object.getOwnPropertyDescriptor(source.prototype, Symbol.toStringTag);
    const module = new W.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    assert.equal(get.call(module), 'WebAssembly.Module');
    assert.equal(get.call({}), undefined);
    return assert.throws(() => new source(), TypeError);
  },
});
