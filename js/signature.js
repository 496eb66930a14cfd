'use strict';
// Functions for each shape of signature, by which calls cross: see source.js.

const { listFrom } = require('./api/webidl');
const { mailbox } = require('./binding');
const { enter, run, i32 } = require('./drive');
const { functionOf, keptFunctionOf } = require('./kept');
const { referenceType, functionBits, checkReference, bitsOf, valueAt } = require('./references');
const { apply, asIntN, define, iterator, join, mapArray, push } = require('./primordials');
const { setPrototypeOf, split, SafeMap, SafeSet } = require('./primordials');
const source = require('./source');
const values = require('./values');

const view = {
  i32,
  f64: new Float64Array(mailbox),
  f32: new Float32Array(mailbox),
  i64: new BigInt64Array(mailbox),
};

/** https://webassembly.github.io/spec/js-api/#run-a-host-function, step 5: several results come as an iterable. */
function listOf(iterable, length) {
  const method = iterable === undefined || iterable === null ? undefined : iterable[iterator];
  if (typeof method !== 'function') {
    throw new TypeError('a function that returns several values to WebAssembly must return an iterable');
  }
  const list = listFrom(iterable, method);
  if (list.length !== length) {
    throw new TypeError(`a function returned ${list.length} values to WebAssembly, which expects ${length}`);
  }
  return list;
}

let prototype = Function.prototype;

/** Sets the prototype of Exported Functions that are made from here on. */
function setFunctionPrototype(value) {
  prototype = value;
}

function named(exported, name) {
  // First: V8 shares what it knows of a function's shape only as long as its name is untouched.
  setPrototypeOf(exported, prototype);
  define(exported, 'name', { __proto__: null, value: name, configurable: true });
  return exported;
}

const scope = {
  ...view,
  ...{ enter, run, named, listOf },
  ...{ referenceType, functionBits, checkReference, bitsOf, valueAt },
  asIntN,
  reserve: values.reserve,
  functionAt: (address) => functionAt(address),
};

let functionAt;

/** Sets what makes functions of addresses, which needs this file itself. */
function setFunctionAt(callback) {
  functionAt = callback;
}

const scopeNames = Object.keys(scope);
const scopeValues = Object.values(scope);

/** A kind of factory: what gives its text, and those that were made, by signature. */
const kindOf = (source) => ({ source, made: new SafeMap() });

const exporting = kindOf(source.exportSource);
const importing = kindOf(source.importSource);
const suspending = kindOf(source.suspendingSource);
const promising = kindOf(source.promisingSource);
const reading = kindOf(source.readerSource);
const writing = kindOf(source.writerSource);

/** Makes factories, all at once: most of what V8 takes for one it takes for ten. */
function make(wanted, compile) {
  const texts = mapArray(wanted, ({ kind, signature }) => {
    const halves = split(signature, ':');
    return kind.source(source.typesIn(halves[0]), source.typesIn(halves[1]));
  });
  const together = compile(scopeNames, `'use strict';\nreturn [${join(texts, ',\n')}];`, 'gantry:calls');
  const factories = apply(together, undefined, scopeValues);
  for (let i = 0; i < wanted.length; i++) wanted[i].kind.made.set(wanted[i].signature, factories[i]);
}

const factoryOf = (kind) => (signature) => {
  const known = kind.made.get(signature);
  if (known) return known;
  make([{ kind, signature }], functionOf);
  return kind.made.get(signature);
};

/** Factories that are made together at the most: there are modules with a million signatures, and strings have an end. */
const TOGETHER = 256;

/** Makes what instances of a module with these imports and exports are going to ask for. */
function prepareCalls(imports, exports) {
  const wanted = [];
  const want = (kind, signature) => {
    push(wanted, { kind, signature });
    if (wanted.length < TOGETHER) return;
    make(wanted, keptFunctionOf);
    wanted.length = 0;
  };
  forEachMissing(importing, imports, want);
  forEachMissing(exporting, exports, want);
  if (wanted.length > 0) make(wanted, keptFunctionOf);
}

function forEachMissing(kind, externs, callback) {
  const missing = new SafeSet();
  for (let i = 0; i < externs.length; i++) {
    const { signature } = externs[i];
    if (externs[i].kind === 'function' && !kind.made.has(signature)) missing.add(signature);
  }
  missing.forEach((signature) => callback(kind, signature));
}

module.exports = {
  setFunctionPrototype,
  prepareCalls,
  exportFactory: factoryOf(exporting),
  importFactory: factoryOf(importing),
  suspendingFactory: factoryOf(suspending),
  promisingFactory: factoryOf(promising),
  reader: factoryOf(reading),
  writer: factoryOf(writing),
  setFunctionAt,
};
