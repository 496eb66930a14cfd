'use strict';
// Code for each shape of signature: what crosses between JavaScript and wasm is read and written without any
// interpretation of types. `ii:i` is two i32 parameters and an i32 result; src/describe.rs has the letters.

const vm = require('node:vm');
const { mailbox } = require('./binding');
const { enter, drive, i32, Word, Operation } = require('./drive');
const { Sort, referenceType, functionBits, checkReference, bitsOf, valueAt } = require('./references');
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
  i: { slot: (n) => `i32[${(SLOTS + 16 * n) / 4}]`, convert: (v) => `${v} | 0` },
  I: { slot: (n) => `i64[${(SLOTS + 16 * n) / 8}]`, convert: (v) => `asIntN(64, ${v})` },
  f: { slot: (n) => `f32[${(SLOTS + 16 * n) / 4}]`, convert: (v) => `+${v}` },
  F: { slot: (n) => `f64[${(SLOTS + 16 * n) / 8}]`, convert: (v) => `+${v}` },
};

/** The low and high word of a reference's slot. */
const words = (n) => [`i32[${(SLOTS + 16 * n) / 4}]`, `i32[${(SLOTS + 16 * n) / 4 + 1}]`];

/** The types in one half of a signature. */
const typesIn = (text) => text.match(/[rR]\{[^}]*\}|./g) ?? [];

/** Whether JavaScript has no values of some type of a signature. */
const isOpaque = (types) =>
  types.some((type) => type === 'v' || (!(type in TYPES) && referenceType(type).sort === Sort.EXN));

/** An expression that reads slot `n`. */
function read(type, n) {
  const [low, high] = words(n);
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
  types.forEach((type, n) => {
    const [name, [low, high]] = [names[n], words(n)];
    if (type in TYPES) {
      convert.push(`${name} = ${TYPES[type].convert(name)};`);
      store.push(`${TYPES[type].slot(n)} = ${name};`);
      return;
    }
    const wanted = `referenceType(${JSON.stringify(type)})`;
    if (referenceType(type).sort === Sort.FUNC) {
      convert.push(`${name} = functionBits(${name}, ${wanted}, anchor);`);
    } else {
      handles++;
      if (type !== 'e') convert.push(`checkReference(${name}, ${wanted}, anchor);`);
      store.push(`${name} = bitsOf(${name});`);
    }
    store.push(`${low} = ${name}; ${high} = ${name} / 0x100000000;`);
  });
  if (handles > 0) convert.push(`reserve(${handles});`);
  return [...convert, ...store].join('\n');
}

function results(types) {
  const reads = types.map(read);
  if (reads.length === 0) return '';
  // References are looked up only when all slots have been read, because that may use the mailbox.
  return reads.length === 1 ? `return ${reads[0]};` : `return [${reads.join(', ')}];`;
}

const names = (prefix, types) => types.map((_, n) => `${prefix}${n}`);

/** `(anchor, address, name) => exported function` */
function exportSource(params, returned) {
  const args = names('a', params);
  if (isOpaque([...params, ...returned])) {
    return `return (anchor, address, name) => named((${args}) => { throw new TypeError(
      'a function with v128 or exnref in its type cannot be called from JavaScript'); }, name);`;
  }
  return `return (anchor, address, name) => {
    const low = address | 0;
    const high = (address / 0x100000000) | 0;
    return named((${args}) => {
    ${write(params, args)}
    i32[${Word.OPERATION}] = ${Operation.START};
    i32[${Word.CALLEE}] = low;
    i32[${Word.CALLEE_HIGH}] = high;
    enter();
    if (i32[${Word.STATUS}] !== 0) drive(anchor);
    ${results(returned)}
    }, name);
  };`;
}

/** `(callee, anchor) => thunk` */
function importSource(params, returned) {
  if (isOpaque([...params, ...returned])) {
    return `return () => () => { throw new TypeError(
      'a JavaScript function with v128 or exnref in its type cannot be called from WebAssembly'); };`;
  }
  const args = names('a', params);
  const reads = args.map((name, n) => `const ${name} = ${read(params[n], n)};`).join('\n');
  const call = `callee(${args})`;
  const out = names('r', returned);
  let body;
  if (out.length === 0) body = `${call};`;
  else if (out.length === 1) body = `let r0 = ${call};\n${write(returned, out)}`;
  else body = `let [${out}] = listOf(${call}, ${out.length});\n${write(returned, out)}`;
  return `return (callee, anchor) => () => {\n${reads}\n${body}\n};`;
}

/** `(callee, anchor) => { call, give }`: the two halves of a thunk, in between of which wasm may be suspended. */
function suspendingSource(params, returned) {
  if (isOpaque([...params, ...returned])) return importSource(params, returned);
  const args = names('a', params);
  const reads = args.map((name, n) => `const ${name} = ${read(params[n], n)};`).join('\n');
  const out = names('r', returned);
  let body = '';
  if (out.length === 1) body = `let r0 = value;\n${write(returned, out)}`;
  else if (out.length > 1) body = `let [${out}] = listOf(value, ${out.length});\n${write(returned, out)}`;
  return `return (callee, anchor) => ({
    call() {\n${reads}\nreturn callee(${args});\n},
    give(value) {\n${body}\n},
  });`;
}

/** `(anchor, address) => { start, results }`: the two halves of an Exported Function. */
function promisingSource(params, returned) {
  if (isOpaque([...params, ...returned])) return exportSource(params, returned);
  const args = names('a', params);
  return `return (anchor, address) => ({
    length: ${params.length},
    start(${args}) {
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
  const method = iterable === undefined || iterable === null ? undefined : iterable[Symbol.iterator];
  if (typeof method !== 'function') {
    throw new TypeError('a function that returns several values to WebAssembly must return an iterable');
  }
  const iterator = Reflect.apply(method, iterable, []);
  const { next } = iterator;
  const list = [];
  for (;;) {
    const step = Reflect.apply(next, iterator, []);
    if (step.done) break;
    list.push(step.value);
  }
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
  Object.setPrototypeOf(exported, prototype);
  return Object.defineProperty(exported, 'name', { value: name, configurable: true });
}

const scope = {
  ...view,
  ...{ enter, drive, named, listOf },
  ...{ referenceType, functionBits, checkReference, bitsOf, valueAt },
  asIntN: BigInt.asIntN,
  reserve: values.reserve,
  functionAt: (address) => functionAt(address),
};

let functionAt;

/** Sets what makes functions of addresses, which needs this file itself. */
function setFunctionAt(callback) {
  functionAt = callback;
}

/** Functions made of source text once for each signature. vm, because `eval` may be forbidden. */
function factories(source, label) {
  const made = new Map();
  return (signature) => {
    let factory = made.get(signature);
    if (!factory) {
      const [params, returned] = signature.split(':').map(typesIn);
      const text = `'use strict';\n${source(params, returned)}`;
      const filename = `gantry:${label}(${signature})`;
      factory = vm.compileFunction(text, Object.keys(scope), { filename })(...Object.values(scope));
      made.set(signature, factory);
    }
    return factory;
  };
}

/** `() => values`: reads values of these types from the slots, for `anchor`. */
function readerSource(types) {
  return `return (anchor) => [${types.map(read).join(', ')}];`;
}

/** `(values, anchor)`: converts values to these types and writes them to the slots. */
function writerSource(types) {
  const args = names('a', types);
  return `return (values, anchor) => {\nlet [${args}] = values;\n${write(types, args)}\n};`;
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
