'use strict';
// https://webassembly.github.io/spec/js-api/#tags

const { host, Kind } = require('../binding');
const { markAsUncloneable } = require('../brand');
const { typesIn } = require('../signature');
const { collectIfDue } = require('../values');
const { EXISTING } = require('./memory');
const { typeName } = require('./reflection');
const { ValueType } = require('./value');
const { dictionary, enumeration, isObject, required, defineInterface } = require('./webidl');

class Tag {
  #id;
  /** The types of what its exceptions carry. */
  #types;

  constructor(type) {
    const what = 'WebAssembly.Tag()';
    if (type === EXISTING) {
      this.#id = arguments[1];
    } else {
      required(1, arguments.length, what);
      const types = readParameters(dictionary(type, `${what}: type`), what);
      collectIfDue();
      this.#id = host.newTag(types);
    }
    [this.#types] = host.tagSignature(this.#id).split(':').map(typesIn);
    markAsUncloneable(this);
    host.track(Kind.TAG, this.#id, this);
  }

  /** https://github.com/WebAssembly/js-types */
  type() {
    return { parameters: this.#types.map(typeName) };
  }

  static has(value) {
    return #id in value;
  }

  static id(tag) {
    return tag.#id;
  }

  static types(tag) {
    return tag.#types;
  }
}

/** The required member `parameters`, a sequence of value types. */
function readParameters({ parameters }, what) {
  if (!isObject(parameters) || typeof parameters[Symbol.iterator] !== 'function') {
    throw new TypeError(`${what}: parameters must be an iterable of value types`);
  }
  const types = [];
  for (const type of parameters) types.push(enumeration(type, ValueType, `${what}: parameters`));
  return types;
}

const { has, id: idOfTag, types: typesOfTag } = Tag;
delete Tag.has;
delete Tag.id;
delete Tag.types;
defineInterface(Tag, 'Tag');

/** https://webassembly.github.io/spec/js-api/#create-a-tag-object */
function tagObject(id) {
  return host.object(Kind.TAG, id) ?? new Tag(EXISTING, id);
}

const isTag = (value) => typeof value === 'object' && value !== null && has(value);

/** https://webassembly.github.io/spec/js-api/#dom-webassembly-jstag */
const JSTag = new Tag({ parameters: ['externref'] });

module.exports = { Tag, JSTag, isTag, idOfTag, typesOfTag, tagObject };
