'use strict';
// Code for each shape of signature: what crosses between JavaScript and wasm is read and written without any
// interpretation of types. `ii:i` is two i32 parameters and an i32 result; src/describe.rs has the letters.

const vm = require('node:vm');
const { mailbox } = require('./binding');
const { enter, drive, i32, Word, Operation } = require('./drive');
const { isExportedFunction, addressOf, anchorOfFunction } = require('./identity');
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

/** An expression that reads slot `n`. */
function read(type, n) {
  const [low, high] = words(n);
  if (type === 'e') return `valueOf(${low})`;
  if (type === 'p') return `functionAt((${low} >>> 0) + ${high} * 0x100000000)`;
  return TYPES[type].slot(n);
}

/**
 * Statements that convert variables to wasm values and write them to slots. All that user code can observe comes
 * first, in order; handles of host values are made last, so that no collection can come in between.
 */
function write(types, names) {
  const convert = [];
  const store = [];
  [...types].forEach((type, n) => {
    const [name, [low, high]] = [names[n], words(n)];
    if (type === 'e') {
      store.push(`${low} = handleOf(${name}); ${high} = 0;`);
    } else if (type === 'p') {
      convert.push(`${name} = addressIn(${name}, anchor);`);
      store.push(`${low} = ${name}; ${high} = ${name} / 0x100000000;`);
    } else {
      convert.push(`${name} = ${TYPES[type].convert(name)};`);
      store.push(`${TYPES[type].slot(n)} = ${name};`);
    }
  });
  const handles = types.split('e').length - 1;
  if (handles > 0) convert.push(`reserve(${handles});`);
  return [...convert, ...store].join('\n');
}

function results(types) {
  const reads = [...types].map(read);
  if (reads.length === 0) return '';
  // References are looked up only when all slots have been read, because that may use the mailbox.
  return reads.length === 1 ? `return ${reads[0]};` : `return [${reads.join(', ')}];`;
}

const names = (prefix, types) => Array.from(types, (_, n) => `${prefix}${n}`);

/** `(anchor, address, name) => exported function` */
function exportSource(params, returned) {
  const args = names('a', params);
  if (`${params}${returned}`.includes('v')) {
    return `return (anchor, address, name) => named((${args}) => { throw new TypeError(
      'a function with v128 in its type cannot be called from JavaScript'); }, name);`;
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
  if (`${params}${returned}`.includes('v')) {
    return `return () => () => { throw new TypeError(
      'a JavaScript function with v128 in its type cannot be called from WebAssembly'); };`;
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

/** https://webassembly.github.io/spec/js-api/#run-a-host-function, step 5: several results come as an iterable. */
function listOf(iterable, length) {
  const method = iterable === undefined || iterable === null ? undefined : iterable[Symbol.iterator];
  if (typeof method !== 'function') {
    throw new TypeError('a function that returns several values to WebAssembly must return an iterable');
  }
  const list = [...iterable];
  if (list.length !== length) {
    throw new TypeError(`a function returned ${list.length} values to WebAssembly, which expects ${length}`);
  }
  return list;
}

function named(exported, name) {
  return Object.defineProperty(exported, 'name', { value: name, configurable: true });
}

/** https://webassembly.github.io/spec/js-api/#towebassemblyvalue for funcref. */
function addressIn(value, anchor) {
  if (value === null) return 0;
  if (!isExportedFunction(value)) {
    throw new TypeError('WebAssembly: a funcref must be null or a WebAssembly exported function');
  }
  // From here on the instance may keep the function.
  const owner = anchorOfFunction(value);
  if (owner !== anchor && !anchor.refs.includes(owner)) anchor.refs.push(owner);
  return addressOf(value);
}

const scope = {
  ...view,
  ...{ enter, drive, named, listOf, addressIn },
  asIntN: BigInt.asIntN,
  reserve: values.reserve,
  handleOf: values.handleOf,
  valueOf: values.valueOf,
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
      const [params, returned] = signature.split(':');
      const text = `'use strict';\n${source(params, returned)}`;
      const filename = `gantry:${label}(${signature})`;
      factory = vm.compileFunction(text, Object.keys(scope), { filename })(...Object.values(scope));
      made.set(signature, factory);
    }
    return factory;
  };
}

const exportFactory = factories(exportSource, 'export');
const importFactory = factories(importSource, 'import');

module.exports = { exportFactory, importFactory, setFunctionAt };
