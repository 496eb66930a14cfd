'use strict';
// Exported Functions: JavaScript functions that stand for wasm ones, one for each.
// https://webassembly.github.io/spec/js-api/#exported-function-exotic-objects

const { host } = require('./binding');
const { anchorOf } = require('./anchor');
const { identify } = require('./identity');
const signature = require('./signature');

/** The Exported Function for a function of the instance of `anchor`, by its index there. */
function exportedFunction(anchor, index, address, type) {
  const known = anchor.functions.get(index);
  if (known) return known;
  // The functions of JavaScript that an instance imports have negative indices.
  const name = String(index < 0 ? -1 - index : index);
  const exported = signature.exportFactory(type)(anchor, address, name);
  identify(exported, address, anchor);
  anchor.functions.set(index, exported);
  return exported;
}

/** The Exported Function at an address; null at 0. */
function functionAt(address) {
  if (address === 0) return null;
  const [owner, index, type] = host.describeFunction(address);
  return exportedFunction(anchorOf(owner), index, address, type);
}

signature.setFunctionAt(functionAt);

module.exports = { exportedFunction, functionAt };
