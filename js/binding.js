'use strict';
// Makes this environment's host of the native addon.

const { addon } = require('./addon');

/** What calls pass through: see src/enter.rs for the layout. */
const mailbox = new ArrayBuffer(64 + 1000 * 16);

const host = new (addon().Host)(mailbox);

/** Kinds of native things that objects stand for. */
const Kind = { INSTANCE: 0, MEMORY: 1, TABLE: 2, GLOBAL: 3, MODULE: 4, PROGRAM: 5, TAG: 6, SUSPENSION: 7 };

module.exports = { host, mailbox, Kind };
