'use strict';
// https://webassembly.github.io/spec/js-api/#tags

const { host, Kind } = require('../binding');
const { markAsUncloneable } = require('../brand');
const { typesIn } = require('../source');
const { collectIfDue } = require('../values');
const { EXISTING } = require('./memory');
const { typeName } = require('./reflection');
const { ValueType } = require('./value');
const { dictionary, enumeration, required, sequence, defineInterface, setPrototype } = require('./webidl');
const { mapArray, split } = require('../primordials');

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
    this.#types = typesIn(split(host.tagSignature(this.#id), ':')[0]);
    if (new.target !== Tag) setPrototype(this, new.target, Tag);
    markAsUncloneable(this);
    host.track(Kind.TAG, this.#id, this);
  }

  /** https://github.com/WebAssembly/js-types */
  type() {
    return { parameters: mapArray(this.#types, typeName) };
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
  const toType = (type) => enumeration(type, ValueType, `${what}: parameters`);
  return sequence(parameters, toType, `${what}: parameters must be an iterable of value types`);
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
