'use strict';
// The file that a command is about: wasm, or text that becomes wasm.

const fs = require('node:fs');
const { host } = require('../binding');
const { UsageError } = require('./arguments');

const STDIN = 0;
/** How artifacts begin: see crates/abi. */
const COMPILED = Buffer.from('\0gantry', 'latin1');

/** @returns {Buffer} the bytes of a binary module, or of one that is compiled. `-` is standard input. */
function readProgram(file) {
  const bytes = read(file);
  return isBinary(bytes) || isCompiled(bytes) ? bytes : parse(bytes, file);
}

/** @returns {Buffer} the bytes of a binary module */
function readModule(file) {
  const bytes = readProgram(file);
  if (isCompiled(bytes)) {
    throw new UsageError(`${file} is compiled already: this command takes the module that it was made of`);
  }
  return bytes;
}

function read(file) {
  try {
    return fs.readFileSync(file === '-' ? STDIN : file);
  } catch (error) {
    const reason = {
      ENOENT: 'there is no such file',
      EISDIR: 'it is a directory',
      EACCES: 'access is denied',
    };
    throw new Error(`cannot read ${file}: ${reason[error.code] ?? error.message}`, { cause: error });
  }
}

const isBinary = (bytes) => bytes.length >= 4 && bytes.readUInt32LE(0) === 0x6d736100;

/** Whether it is what `gantry compile` makes. */
const isCompiled = (bytes) => bytes.subarray(0, COMPILED.length).equals(COMPILED);

function parse(bytes, file) {
  const text = bytes.toString('utf8');
  // Text begins with a form or a comment.
  if (!/^\uFEFF?\s*(\(|;)/.test(text)) {
    throw new Error(
      `${file} is neither a binary WebAssembly module (it does not begin with \\0asm) nor text`,
    );
  }
  const outcome = host.parseText(text, file);
  if (typeof outcome === 'string') throw new Error(outcome);
  return outcome;
}

module.exports = { isCompiled, readProgram, readModule };
