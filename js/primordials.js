'use strict';
// Functions of JavaScript as they were when the package was loaded. Programs may replace theirs; what the JS API does must
// neither break by that nor be seen through it. For the same reason the files that use this read arrays by index: array
// patterns, spreading and `for of` call functions that can be replaced.

const { apply, construct, defineProperty: define, ownKeys } = Reflect;
const {
  create,
  freeze,
  getOwnPropertyDescriptor,
  getOwnPropertyNames,
  getPrototypeOf,
  hasOwn,
  is,
  setPrototypeOf,
} = Object;

/** A function of the receiver and the arguments of a method. */
const uncurry = Function.prototype.bind.bind(Function.prototype.call);

/** A class whose methods can only be reached through the objects that it makes. */
function safe(Class, names) {
  class Safe extends Class {
    // Explicit: the constructor that V8 provides iterates over its arguments.
    constructor(argument) {
      super(argument);
    }
  }
  for (const name of [...names, 'constructor']) {
    const descriptor = getOwnPropertyDescriptor(
      name === 'constructor' ? Safe.prototype : Class.prototype,
      name,
    );
    define(Safe.prototype, name, descriptor);
  }
  setPrototypeOf(Safe.prototype, null);
  return Safe;
}

/** Defines a property that is neither writable, enumerable nor configurable unless `attributes` say so. */
function defineProperty(object, key, attributes) {
  return define(object, key, setPrototypeOf(attributes, null));
}

/** A property of methods and constructors: writable and configurable. */
function defineHidden(object, key, value) {
  define(object, key, { __proto__: null, value, writable: true, enumerable: false, configurable: true });
}

const SafeMap = safe(Map, ['get', 'set', 'has', 'delete', 'forEach']);
const SafeSet = safe(Set, ['add', 'has', 'delete', 'forEach']);
define(SafeSet.prototype, 'size', getOwnPropertyDescriptor(Set.prototype, 'size'));
const SafeWeakMap = safe(WeakMap, ['get', 'set', 'has', 'delete']);
const SafeWeakSet = safe(WeakSet, ['add', 'has', 'delete']);
const SafeWeakRef = safe(WeakRef, ['deref']);
const SafeFinalizationRegistry = safe(FinalizationRegistry, ['register', 'unregister']);

/** Elements of an array changed by a function. */
function mapArray(array, callback) {
  const result = [];
  for (let i = 0; i < array.length; i++) push(result, callback(array[i], i));
  return result;
}

const push = uncurry(Array.prototype.push);

/** One array of several. */
function concat(...arrays) {
  const result = [];
  for (let i = 0; i < arrays.length; i++)
    for (let j = 0; j < arrays[i].length; j++) push(result, arrays[i][j]);
  return result;
}

module.exports = {
  apply,
  construct,
  create,
  freeze,
  getPrototypeOf,
  setPrototypeOf,
  getOwnPropertyDescriptor,
  getOwnPropertyNames,
  hasOwn,
  is,
  ownKeys,
  uncurry,
  define,
  defineProperty,
  defineHidden,
  mapArray,
  push,
  pop: uncurry(Array.prototype.pop),
  indexOf: uncurry(Array.prototype.indexOf),
  includes: uncurry(Array.prototype.includes),
  concat,
  join: uncurry(Array.prototype.join),
  isArray: Array.isArray,
  slice: uncurry(String.prototype.slice),
  split: uncurry(String.prototype.split),
  startsWith: uncurry(String.prototype.startsWith),
  toWellFormed: String.prototype.toWellFormed && uncurry(String.prototype.toWellFormed),
  parseJson: JSON.parse,
  toJson: JSON.stringify,
  asIntN: BigInt.asIntN,
  toBigInt: BigInt,
  toNumber: Number,
  trunc: Math.trunc,
  fround: Math.fround,
  max: Math.max,
  iterator: Symbol.iterator,
  SafeMap,
  SafeSet,
  SafeWeakMap,
  SafeWeakSet,
  SafeWeakRef,
  SafeFinalizationRegistry,
};
