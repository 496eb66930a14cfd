'use strict';
// Exported Functions: JavaScript functions that stand for wasm ones, one for each.
// https://webassembly.github.io/spec/js-api/#exported-function-exotic-objects

const { host } = require('./binding');
const { anchorOf } = require('./anchor');
const { identify } = require('./identity');
const { SafeMap } = require('./primordials');
const signature = require('./signature');
const { setBeforeCollection } = require('./values');

/**
 * Functions that were looked up by address, until native things are made or freed: so no address is used again meanwhile, and
 * functions are not kept for long.
 */
let byAddress = new SafeMap();
let isEmpty = true;

setBeforeCollection(() => {
  if (isEmpty) return;
  byAddress = new SafeMap();
  isEmpty = true;
});

/** The Exported Function for a function of the instance of `anchor`, by its index there. */
function exportedFunction(anchor, index, address, type) {
  const known = anchor.functions.get(index);
  if (known) return known;
  const name = nameOf(index);
  const exported = signature.exportFactory(type)(anchor, address, name);
  identify(exported, address, anchor);
  anchor.functions.set(index, exported);
  return exported;
}

/** The name of an Exported Function. The functions of JavaScript that an instance imports have negative indices. */
const nameOf = (index) => `${index < 0 ? -1 - index : index}`;

/** The Exported Function at an address; null at 0. */
function functionAt(address) {
  if (address === 0) return null;
  const known = byAddress.get(address);
  if (known) return known;
  const described = host.describeFunction(address);
  const exported = exportedFunction(anchorOf(described[0]), described[1], address, described[2]);
  byAddress.set(address, exported);
  isEmpty = false;
  return exported;
}

signature.setFunctionAt(functionAt);

module.exports = { nameOf, exportedFunction, functionAt };
