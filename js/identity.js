'use strict';
// Which JavaScript functions are Exported Functions, and what they stand for.

class ReturnGiven {
  constructor(object) {
    return object;
  }
}

/** Private fields on functions. */
class Identity extends ReturnGiven {
  #address;
  #anchor;

  constructor(exported, address, anchor) {
    super(exported);
    this.#address = address;
    this.#anchor = anchor;
  }

  static has(value) {
    return typeof value === 'function' && #address in value;
  }

  static address(exported) {
    return exported.#address;
  }

  static anchor(exported) {
    return exported.#anchor;
  }
}

/** Makes a function an Exported Function. */
function identify(exported, address, anchor) {
  new Identity(exported, address, anchor);
}

module.exports = {
  identify,
  isExportedFunction: Identity.has,
  /** The address of the wasm function. */
  addressOf: Identity.address,
  /** The anchor of the instance that it belongs to. */
  anchorOfFunction: Identity.anchor,
};
