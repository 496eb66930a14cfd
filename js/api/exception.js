'use strict';
// https://webassembly.github.io/spec/js-api/#runtime-exceptions

const { host } = require('../binding');
const { markAsUncloneable } = require('../brand');
const { setExceptions } = require('../drive');
const { isTrap } = require('../stack');
const { objectAt, bindObject, isHeapObject, addressOfObject } = require('../objects');
const { reader, writer } = require('../signature');
const { isOpaque } = require('../source');
const { EXISTING } = require('./memory');
const { JSTag, isTag, idOfTag, typesOfTag, tagObject } = require('./tag');
const {
  dictionary,
  isObject,
  required,
  sequence,
  unsignedLong,
  defineInterface,
  setPrototype,
} = require('./webidl');
const { defineProperty, join } = require('../primordials');

class Exception {
  /** Kept, so that exceptions of a tag are told apart by it as long as they live. */
  #tag;
  #stack;

  constructor(exceptionTag, payload, options = undefined) {
    if (exceptionTag === EXISTING) {
      this.#tag = tagObject(host.exceptionTag(payload));
      bindObject(this, payload, null);
      markAsUncloneable(this);
      return;
    }
    const what = 'WebAssembly.Exception()';
    required(2, arguments.length, what);
    if (!isTag(exceptionTag)) throw new TypeError(`${what}: the first argument must be a WebAssembly.Tag`);
    const values = sequence(payload, null, `${what}: the payload must be an iterable`);
    const traceStack = Boolean(dictionary(options, `${what}: options`).traceStack);
    if (exceptionTag === JSTag) throw new TypeError(`${what}: values are thrown as they are, not with JSTag`);
    this.#tag = exceptionTag;
    bindObject(this, create(exceptionTag, values, what), null);
    markAsUncloneable(this);
    if (traceStack) this.#stack = stackHere();
    if (new.target !== Exception) setPrototype(this, new.target, Exception);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-exception-getarg */
  getArg(exceptionTag, index) {
    const what = 'WebAssembly.Exception.getArg()';
    const tag = this.#tag;
    required(2, arguments.length, what);
    if (!isTag(exceptionTag)) throw new TypeError(`${what}: the first argument must be a WebAssembly.Tag`);
    const at = unsignedLong(index, `${what}: index`);
    if (exceptionTag !== tag) throw new TypeError(`${what}: the exception has another tag`);
    const types = typesOfTag(tag);
    if (at >= types.length) {
      throw new RangeError(`${what}: index ${at} is beyond the ${types.length} values of the exception`);
    }
    return valueIn(addressOfObject(this), types, at);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-exception-is */
  is(exceptionTag) {
    const tag = this.#tag;
    required(1, arguments.length, 'WebAssembly.Exception.is()');
    if (!isTag(exceptionTag)) {
      throw new TypeError('WebAssembly.Exception.is(): the first argument must be a WebAssembly.Tag');
    }
    return exceptionTag === tag;
  }

  /** https://webassembly.github.io/spec/js-api/#dom-exception-stack */
  get stack() {
    return this.#stack;
  }

  static has(value) {
    return #tag in value;
  }
}

const { has } = Exception;
delete Exception.has;
defineProperty(Exception, 'length', { value: 2, configurable: true });
defineInterface(Exception, 'Exception');

const isException = (value) => isObject(value) && has(value);

/** Makes an exception of values; returns its address. */
function create(tag, values, what) {
  const types = typesOfTag(tag);
  if (values.length !== types.length) {
    throw new TypeError(`${what}: the tag has ${types.length} values, ${values.length} were given`);
  }
  if (isOpaque(types)) throw new TypeError(`${what}: v128 and exnref have no JavaScript values`);
  writer(`${join(types, '')}:`)(values, null);
  const address = host.newException(idOfTag(tag));
  if (address === null) throw new RangeError(`${what}: the heap is full`);
  return address;
}

/** One of the values that an exception carries. */
function valueIn(address, types, index) {
  if (isOpaque([types[index]])) {
    throw new TypeError('WebAssembly.Exception.getArg(): v128 and exnref have no JavaScript values');
  }
  host.exceptionValue(address, index);
  return reader(`${types[index]}:`)(null)[0];
}

const { captureStackTrace } = Error;

function stackHere() {
  const holder = { __proto__: null };
  captureStackTrace(holder, Exception);
  return `${holder.stack}`;
}

const jsTag = idOfTag(JSTag);

/** What JavaScript catches when wasm has thrown the exception at an address. */
function errorOf(address) {
  if (host.exceptionTag(address) === jsTag) return valueIn(address, ['e'], 0);
  return objectAt(address) ?? new Exception(EXISTING, address);
}

/** The exception that wasm catches when JavaScript has thrown a value; 0 for what it does not catch. */
function exceptionOf(error) {
  if (isTrap(error)) return 0;
  if (isException(error) && isHeapObject(error)) return addressOfObject(error);
  return create(JSTag, [error], 'WebAssembly');
}

setExceptions({ errorOf, exceptionOf });

module.exports = { Exception };
