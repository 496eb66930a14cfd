'use strict';
// The text of functions for each shape of signature: what crosses between JavaScript and wasm is read and written without any
// interpretation of types. `ii:i` is two i32 parameters and an i32 result; src/describe.rs has the letters.

const { Word, Operation } = require('./drive');
const { Sort, referenceType } = require('./references');
const { join, mapArray, push, slice } = require('./primordials');

const SLOTS = 64;

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

// Each text is an expression for a function in parentheses, which V8 compiles at once: that it is called is certain.

/** `(anchor, address, name)` to an exported function. */
function exportSource(params, returned) {
  const args = names('a', params);
  if (isAnyOpaque(params, returned)) {
    return `(function (anchor, address, name) { return named((${join(args, ', ')}) => { throw new TypeError(
      'a function with v128 or exnref in its type cannot be called from JavaScript'); }, name); })`;
  }
  return `(function (anchor, address, name) {
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
  })`;
}

/** `(callee, anchor)` to a thunk. */
function importSource(params, returned) {
  if (isAnyOpaque(params, returned)) {
    return `(function () { return () => { throw new TypeError(
      'a JavaScript function with v128 or exnref in its type cannot be called from WebAssembly'); }; })`;
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
  return `(function (callee, anchor) { return () => {\n${reads}\n${body}\n}; })`;
}

/** `(callee, anchor)` to `{ call, give }`: the two halves of a thunk, in between of which wasm may be suspended. */
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
  return `(function (callee, anchor) { return {
    call() {\n${reads}\nreturn callee(${join(args, ', ')});\n},
    give(value) {\n${body}\n},
  }; })`;
}

/** `(anchor, address)` to `{ length, start, results }`: the two halves of an Exported Function. */
function promisingSource(params, returned) {
  if (isAnyOpaque(params, returned)) return exportSource(params, returned);
  const args = names('a', params);
  return `(function (anchor, address) { return {
    length: ${params.length},
    start(${join(args, ', ')}) {
      ${write(params, args)}
      i32[${Word.OPERATION}] = ${Operation.START};
      i32[${Word.CALLEE}] = address;
      i32[${Word.CALLEE_HIGH}] = address / 0x100000000;
      enter();
    },
    results() {\n${results(returned)}\n},
  }; })`;
}

/** `(anchor)` to values: reads values of these types from the slots, for `anchor`. */
function readerSource(types) {
  return `(function (anchor) { return [${join(mapArray(types, read), ', ')}]; })`;
}

/** `(values, anchor)`: converts values to these types and writes them to the slots. */
function writerSource(types) {
  const args = names('a', types);
  return `(function (list, anchor) {\n${unpack(args)}\n${write(types, args)}\n})`;
}

module.exports = {
  typesIn,
  isOpaque,
  exportSource,
  importSource,
  suspendingSource,
  promisingSource,
  readerSource,
  writerSource,
};
