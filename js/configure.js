'use strict';
// Settings of the engine, which is one for all threads of a process: src/settings.rs has those of the environment.

const path = require('node:path');
const { addon } = require('./addon');

const TIERS = ['auto', 'quick', 'optimized'];
const MOST = 0xffffffff;

/** Sets up the engine before it is used. */
function configure(settings) {
  if (typeof settings !== 'object' || settings === null) {
    throw new TypeError('configure(): the argument must be an object');
  }
  const { threads, cache, cacheSize, tier } = settings;
  if (tier !== undefined && !TIERS.includes(tier)) {
    throw new TypeError(`configure(): tier must be one of ${TIERS.join(', ')}`);
  }
  const isSoonEnough = addon().Host.configure({
    threads: integer('threads', threads, 1),
    cache: folderOf(cache),
    cacheSize: integer('cacheSize', cacheSize, 0),
    tier,
  });
  if (isSoonEnough) return;
  throw new Error(
    'configure(): the engine is in use already; call it before any thread uses WebAssembly or WASI',
  );
}

function integer(name, value, least) {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw new TypeError(`configure(): ${name} must be a number`);
  if (Number.isInteger(value) && value >= least && value <= MOST) return value;
  throw new RangeError(`configure(): ${name} is ${value}; it must be an integer from ${least} to ${MOST}`);
}

/** A folder, absolute so that the working directory may change; empty for none. */
function folderOf(cache) {
  if (cache === undefined) return undefined;
  if (cache === false) return '';
  if (typeof cache === 'string' && cache !== '') return path.resolve(cache);
  throw new TypeError('configure(): cache must be the path of a folder, or false');
}

module.exports = { configure };
