'use strict';
// Code for each shape of signature: what crosses between JavaScript and wasm is read and written without any
// interpretation of types. `ii:i` is two i32 parameters and an i32 result; src/describe.rs has the letters.

const vm = require('node:vm');
const { listFrom } = require('./api/webidl');
const { mailbox } = require('./binding');
const { enter, run, i32, Word, Operation } = require('./drive');
const { Sort, referenceType, functionBits, checkReference, bitsOf, valueAt } = require('./references');
const { apply, asIntN, define, iterator, join, mapArray, push } = require('./primordials');
const { setPrototypeOf, slice, split, SafeMap } = require('./primordials');
const values = require('./values');

const SLOTS = 64;

const view = {
  i32,
  f64: new Float64Array(mailbox),
  f32: new Float32Array(mailbox),
  i64: new BigInt64Array(mailbox),
};

/** How a value type is read from slot `n` and written there. */
const TYPES = {
  __proto__: null,
  i: { slot: (n) => `i32[${(SLOTS + 16 * n) / 4}]`, convert: (v) => `${v} | 0` },
  I: { slot: (n) => `i64[${(SLOTS + 16 * n) / 8}]`, convert: (v) => `asIntN(64, ${v})` },
  f: { slot: (n) => `f32[${(SLOTS + 16 * n) / 4}]`, convert: (v) => `+${v}` },
  F: { slot: (n) => `f64[${(SLOTS + 16 * n) / 8}]`, convert: (v) => `+${v}` },
};

/** The low and high word of a reference's slot. */
const lowWord = (n) => `i32[${(SLOTS + 16 * n) / 4}]`;
const highWord = (n) => `i32[${(SLOTS + 16 * n) / 4 + 1}]`;

/** The types in one half of a signature. */
function typesIn(text) {
  const types = [];
  for (let at = 0; at < text.length;) {
    const isLong = text[at] === 'r' || text[at] === 'R';
    let end = at + 1;
    if (isLong) while (text[end - 1] !== '}') end++;
    push(types, slice(text, at, end));
    at = end;
  }
  return types;
}

/** Whether JavaScript has no values of some type of a signature. */
function isOpaque(types) {
  for (let i = 0; i < types.length; i++) {
    if (types[i] === 'v' || (!(types[i] in TYPES) && referenceType(types[i]).sort === Sort.EXN)) return true;
  }
  return false;
}

const isAnyOpaque = (params, returned) => isOpaque(params) || isOpaque(returned);

/** An expression that reads slot `n`. */
function read(type, n) {
  const low = lowWord(n);
  const high = highWord(n);
  if (type in TYPES) return TYPES[type].slot(n);
  return referenceType(type).sort === Sort.FUNC
    ? `functionAt((${low} >>> 0) + ${high} * 0x100000000)`
    : `valueAt(${low}, ${high}, anchor)`;
}

/**
 * Statements that convert variables to wasm values and write them to slots. All that user code can observe comes
 * first, in order; handles of host values are made last, so that no collection can come in between.
 */
function write(types, names) {
  const convert = [];
  const store = [];
  let handles = 0;
  for (let n = 0; n < types.length; n++) {
    const type = types[n];
    const name = names[n];
    if (type in TYPES) {
      push(convert, `${name} = ${TYPES[type].convert(name)};`);
      push(store, `${TYPES[type].slot(n)} = ${name};`);
      continue;
    }
    const wanted = `referenceType('${type}')`;
    if (referenceType(type).sort === Sort.FUNC) {
      push(convert, `${name} = functionBits(${name}, ${wanted}, anchor);`);
    } else {
      handles++;
      if (type !== 'e') push(convert, `checkReference(${name}, ${wanted}, anchor);`);
      push(store, `${name} = bitsOf(${name});`);
    }
    push(store, `${lowWord(n)} = ${name}; ${highWord(n)} = ${name} / 0x100000000;`);
  }
  if (handles > 0) push(convert, `reserve(${handles});`);
  return `${join(convert, '\n')}\n${join(store, '\n')}`;
}

function results(types) {
  const reads = mapArray(types, read);
  if (reads.length === 0) return '';
  // Looking references up does not use the slots.
  return reads.length === 1 ? `return ${reads[0]};` : `return [${join(reads, ', ')}];`;
}

const names = (prefix, types) => mapArray(types, (_, n) => `${prefix}${n}`);

/** Statements that take a list apart. */
const unpack = (names) =>
  join(
    mapArray(names, (name, n) => `let ${name} = list[${n}];`),
    '\n',
  );

/** `(anchor, address, name) => exported function` */
function exportSource(params, returned) {
  const args = names('a', params);
  if (isAnyOpaque(params, returned)) {
    return `return (anchor, address, name) => named((${join(args, ', ')}) => { throw new TypeError(
      'a function with v128 or exnref in its type cannot be called from JavaScript'); }, name);`;
  }
  return `return (anchor, address, name) => {
    const low = address | 0;
    const high = (address / 0x100000000) | 0;
    return named((${join(args, ', ')}) => {
    ${write(params, args)}
    i32[${Word.OPERATION}] = ${Operation.START};
    i32[${Word.CALLEE}] = low;
    i32[${Word.CALLEE_HIGH}] = high;
    enter();
    if (i32[${Word.STATUS}] !== 0) run(anchor, null);
    ${results(returned)}
    }, name);
  };`;
}

/** `(callee, anchor) => thunk` */
function importSource(params, returned) {
  if (isAnyOpaque(params, returned)) {
    return `return () => () => { throw new TypeError(
      'a JavaScript function with v128 or exnref in its type cannot be called from WebAssembly'); };`;
  }
  const args = names('a', params);
  const reads = join(
    mapArray(args, (name, n) => `const ${name} = ${read(params[n], n)};`),
    '\n',
  );
  const call = `callee(${join(args, ', ')})`;
  const out = names('r', returned);
  let body;
  if (out.length === 0) body = `${call};`;
  else if (out.length === 1) body = `let r0 = ${call};\n${write(returned, out)}`;
  else body = `const list = listOf(${call}, ${out.length});\n${unpack(out)}\n${write(returned, out)}`;
  return `return (callee, anchor) => () => {\n${reads}\n${body}\n};`;
}

/** `(callee, anchor) => { call, give }`: the two halves of a thunk, in between of which wasm may be suspended. */
function suspendingSource(params, returned) {
  if (isAnyOpaque(params, returned)) return importSource(params, returned);
  const args = names('a', params);
  const reads = join(
    mapArray(args, (name, n) => `const ${name} = ${read(params[n], n)};`),
    '\n',
  );
  const out = names('r', returned);
  let body = '';
  if (out.length === 1) body = `let r0 = value;\n${write(returned, out)}`;
  else if (out.length > 1)
    body = `const list = listOf(value, ${out.length});\n${unpack(out)}\n${write(returned, out)}`;
  return `return (callee, anchor) => ({
    call() {\n${reads}\nreturn callee(${join(args, ', ')});\n},
    give(value) {\n${body}\n},
  });`;
}

/** `(anchor, address) => { start, results }`: the two halves of an Exported Function. */
function promisingSource(params, returned) {
  if (isAnyOpaque(params, returned)) return exportSource(params, returned);
  const args = names('a', params);
  return `return (anchor, address) => ({
    length: ${params.length},
    start(${join(args, ', ')}) {
      ${write(params, args)}
      i32[${Word.OPERATION}] = ${Operation.START};
      i32[${Word.CALLEE}] = address;
      i32[${Word.CALLEE_HIGH}] = address / 0x100000000;
      enter();
    },
    results() {\n${results(returned)}\n},
  });`;
}

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
const { compileFunction } = vm;

/** Functions made of source text once for each signature. vm, because `eval` may be forbidden. */
function factories(source, label) {
  const made = new SafeMap();
  return (signature) => {
    let factory = made.get(signature);
    if (!factory) {
      const halves = split(signature, ':');
      const params = typesIn(halves[0]);
      const returned = typesIn(halves[1]);
      const text = `'use strict';\n${source(params, returned)}`;
      const filename = `gantry:${label}(${signature})`;
      factory = apply(
        compileFunction(text, scopeNames, { __proto__: null, filename }),
        undefined,
        scopeValues,
      );
      made.set(signature, factory);
    }
    return factory;
  };
}

/** `() => values`: reads values of these types from the slots, for `anchor`. */
function readerSource(types) {
  return `return (anchor) => [${join(mapArray(types, read), ', ')}];`;
}

/** `(values, anchor)`: converts values to these types and writes them to the slots. */
function writerSource(types) {
  const args = names('a', types);
  return `return (list, anchor) => {\n${unpack(args)}\n${write(types, args)}\n};`;
}

const reader = factories(readerSource, 'read');
const writer = factories(writerSource, 'write');

const exportFactory = factories(exportSource, 'export');
const importFactory = factories(importSource, 'import');
const suspendingFactory = factories(suspendingSource, 'suspending');
const promisingFactory = factories(promisingSource, 'promising');

module.exports = {
  setFunctionPrototype,
  exportFactory,
  importFactory,
  suspendingFactory,
  promisingFactory,
  setFunctionAt,
  typesIn,
  isOpaque,
  reader,
  writer,
};
