'use strict';
// Loads the native addon and makes this environment's host.

const path = require('node:path');

const FILE = path.join(__dirname, '..', `gantry.${process.platform}-${process.arch}.node`);

function load() {
  try {
    return require(FILE);
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND') throw cause;
    const target = `${process.platform}-${process.arch}`;
    throw new Error(`gantry-wasm has no binary for ${target}: run "npm run build" in its folder`, { cause });
  }
}

/** What calls pass through: see src/enter.rs for the layout. */
const mailbox = new ArrayBuffer(64 + 1000 * 16);

const host = new (load().Host)(mailbox);

/** Kinds of native things that objects stand for. */
const Kind = { INSTANCE: 0, MEMORY: 1, TABLE: 2, GLOBAL: 3, MODULE: 4, PROGRAM: 5 };

module.exports = { host, mailbox, Kind };
