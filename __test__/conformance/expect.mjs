// What the cases of the conformance suite share: shapes of properties, and values that no interface takes.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';

/** Values for what must be an object of some kind. */
export const NOT_OBJECTS = [undefined, null, true, '', 'x', 1, 1n, Symbol('s')];

/** Values that [EnforceRange] unsigned long refuses. */
export const NOT_UNSIGNED = [
  undefined,
  NaN,
  Infinity,
  -Infinity,
  -1,
  2 ** 32,
  2 ** 63,
  'x',
  '0x100000000',
  {},
];

const described = (value) => inspect(value, { depth: 0, customInspect: false });

export function throwsForAll(values, Class, body) {
  for (const value of values) assert.throws(() => body(value), Class, described(value));
}

export async function rejectsForAll(values, Class, body) {
  for (const value of values) await assert.rejects(async () => body(value), Class, described(value));
}

/** [writable, enumerable, configurable] of a property with a value. */
export function attributes(object, key) {
  const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(object, key);
  return [writable, enumerable, configurable];
}

/** A method or operation as Web IDL has it. */
export function isOperation(object, name, length) {
  const { value } = Object.getOwnPropertyDescriptor(object, name);
  assert.deepEqual(attributes(object, name), [true, true, true], name);
  assert.equal(value.name, name);
  assert.equal(value.length, length, `${name}.length`);
  assert.equal(Object.hasOwn(value, 'prototype'), false);
  assert.throws(() => new value(), TypeError);
  assert.throws(() => Reflect.construct(Object, [], value), TypeError);
  for (const key of ['name', 'length']) assert.deepEqual(attributes(value, key), [false, false, true], key);
}

/** An attribute as Web IDL has it. */
export function isAttribute(prototype, name, { settable = false } = {}) {
  const { get, set, enumerable, configurable } = Object.getOwnPropertyDescriptor(prototype, name);
  assert.deepEqual([enumerable, configurable], [true, true], name);
  assert.deepEqual([get.name, get.length], [`get ${name}`, 0]);
  assert.throws(() => new get(), TypeError);
  if (settable) assert.deepEqual([set.name, set.length], [`set ${name}`, 1]);
  else assert.equal(set, undefined);
}

/** An interface object and its prototype as Web IDL has them in a namespace. */
export function isInterface(W, name, length) {
  const constructor = W[name];
  assert.deepEqual(attributes(W, name), [true, false, true]);
  assert.deepEqual([typeof constructor, constructor.name, constructor.length], ['function', name, length]);
  assert.deepEqual(attributes(constructor, 'prototype'), [false, false, false]);
  assert.deepEqual(attributes(constructor.prototype, 'constructor'), [true, false, true]);
  assert.equal(constructor.prototype.constructor, constructor);
  const tag = Object.getOwnPropertyDescriptor(constructor.prototype, Symbol.toStringTag);
  assert.deepEqual(tag, {
    value: `WebAssembly.${name}`,
    writable: false,
    enumerable: false,
    configurable: true,
  });
  for (const key of ['name', 'length']) assert.deepEqual(attributes(constructor, key), [false, false, true]);
  assert.throws(() => constructor(), TypeError, 'without new');
  assert.throws(() => Reflect.apply(constructor, undefined, [{}]), TypeError, 'without new');
}

/** Receivers that are no object of an interface. */
export const receivers = (W, name) => [
  ...NOT_OBJECTS,
  {},
  [],
  W,
  W[name],
  W[name].prototype,
  new Proxy({}, {}),
];

/** An Exported Function. https://webassembly.github.io/spec/js-api/#a-new-exported-function */
export function isExportedFunction(func, name, length) {
  assert.equal(typeof func, 'function');
  assert.deepEqual([func.name, func.length], [name, length]);
  assert.ok(Object.isExtensible(func));
  assert.ok(func instanceof Function);
  for (const key of ['name', 'length']) assert.deepEqual(attributes(func, key), [false, false, true], key);
  for (const key of ['prototype', 'arguments', 'caller']) assert.equal(Object.hasOwn(func, key), false, key);
  assert.throws(() => new func(), TypeError);
  assert.throws(() => Reflect.construct(Object, [], func), TypeError);
}

/** An object whose members are read and converted in sight of `log`. */
export function watched(log, members) {
  const object = {};
  for (const [name, value] of Object.entries(members)) {
    const get = () => {
      log.push(name);
      if (value === undefined || typeof value === 'boolean') return value;
      return { [Symbol.toPrimitive]: (hint) => (log.push(`${name}:${hint}`), value) };
    };
    Object.defineProperty(object, name, { get, enumerable: true });
  }
  return object;
}
