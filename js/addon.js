'use strict';
// Finds and loads the native addon.

const path = require('node:path');

const ROOT = path.join(__dirname, '..');

/** Systems whose C library is part of the name. */
function suffix() {
  if (process.platform === 'win32') return '-msvc';
  if (process.platform !== 'linux') return '';
  const { header } = process.report.getReport();
  return header.glibcVersionRuntime ? '-gnu' : '-musl';
}

/** No binary fits: what was looked for, and what to do. */
class MissingBinary extends Error {
  name = 'MissingBinary';
  code = 'ERR_GANTRY_NO_BINARY';
}

/** Where a binary may be: built here, or in the package for the platform, whose name takes long to find out. */
function* candidates() {
  const target = `${process.platform}-${process.arch}`;
  yield path.join(ROOT, `gantry.${target}.node`);
  yield `gantry-wasm-${target}${suffix()}`;
}

/** @returns {any} the addon's exports */
function load() {
  if (process.env.GANTRY_NATIVE === '0') {
    throw new MissingBinary('GANTRY_NATIVE is 0: the native engine is switched off');
  }
  const tried = [];
  for (const candidate of candidates()) {
    tried.push(candidate);
    try {
      return require(candidate);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw unusable(candidate, error);
    }
  }
  throw new MissingBinary(
    `gantry-wasm has no binary for ${process.platform}-${process.arch}: neither ${tried.join(' nor the package ')} exists. ` +
      'Install with optional dependencies (npm install --include=optional gantry-wasm), or run "npm run build" in a clone',
  );
}

function unusable(candidate, cause) {
  const message = `gantry-wasm: ${candidate} cannot be loaded: ${cause.message}. Reinstall the package, or build it in a clone`;
  return Object.assign(new MissingBinary(message), { cause });
}

let loaded;

/** The addon's exports; loads it once. */
function addon() {
  loaded ??= load();
  return loaded;
}

module.exports = { addon, MissingBinary };
