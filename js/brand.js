'use strict';
// Private state of objects that are made elsewhere.

class ReturnGiven {
  constructor(object) {
    return object;
  }
}

/** A kind of private state: what is given to objects with `set` is found with `get`, and nobody else can see it. */
function brand() {
  return class Brand extends ReturnGiven {
    #state;

    // Explicit: the constructor that V8 provides iterates over its arguments.
    constructor(object) {
      super(object);
    }

    static set(object, state) {
      new Brand(object).#state = state;
      return object;
    }

    static has(value) {
      return #state in value;
    }

    /** @throws {TypeError} for other objects */
    static get(object) {
      return object.#state;
    }
  };
}

/** Has `structuredClone` and `postMessage` refuse an object, as the JS API asks for. Node.js 20 has no way to do that. */
const { markAsUncloneable = () => {} } = require('node:worker_threads');

module.exports = { brand, markAsUncloneable };
