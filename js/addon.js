'use strict';
// Finds and loads the native addon: the one that was built here, or the one in the package for the platform.

const path = require('node:path');
const { PACKAGES, target, isMusl } = require('./platforms');

/** No binary fits: what was looked for, and what to do. */
class MissingBinary extends Error {
  name = 'MissingBinary';
  code = 'ERR_GANTRY_NO_BINARY';
}

const LOCAL = path.join(__dirname, '..', `gantry.${target}.node`);

/** @returns {any} the addon's exports */
function load() {
  if (process.env.GANTRY_NATIVE === '0') {
    throw new MissingBinary('GANTRY_NATIVE is 0: the native engine is switched off');
  }
  return loadFile(LOCAL) ?? loadPackage(PACKAGES[target]);
}

/** Nothing, when there is no such file or package. */
function loadFile(candidate) {
  try {
    return require(candidate);
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND' && error.message.includes(candidate)) return undefined;
    throw unusable(candidate, error);
  }
}

function loadPackage(name) {
  if (name === undefined) throw unknownPlatform(target);
  const addon = loadFile(name);
  if (addon === undefined) throw notInstalled(name);
  const { version } = require('../package.json');
  const { version: found } = require(`${name}/package.json`);
  if (found === version) return addon;
  throw new MissingBinary(
    `gantry-wasm is version ${version}, but ${name} is ${found}. Install both together: npm install gantry-wasm@${version}`,
  );
}

function notInstalled(name) {
  if (isMusl()) return unknownPlatform(`${target} with musl`);
  return new MissingBinary(
    `gantry-wasm has no binary for ${target}: neither ${LOCAL} nor the package ${name} exists. ` +
      'Install with optional dependencies (npm install --include=optional gantry-wasm), remove a lock file that was made on ' +
      'another platform, or run "npm run build" in a clone',
  );
}

function unknownPlatform(platform) {
  return new MissingBinary(
    `gantry-wasm has no binary for ${platform}; there are binaries for ${Object.keys(PACKAGES).join(', ')}. ` +
      'Run "npm run build" in a clone to make one',
  );
}

function unusable(candidate, cause) {
  const musl = isMusl() ? ' (this system has musl, and the binary is for glibc)' : '';
  const reason = cause.message.split('\n')[0];
  const message = `gantry-wasm: ${candidate} cannot be loaded: ${reason}${musl}. Reinstall the package, or build it in a clone`;
  return Object.assign(new MissingBinary(message), { cause });
}

let loaded;

/** The addon's exports; loads it once. */
function addon() {
  loaded ??= load();
  return loaded;
}

module.exports = { addon, MissingBinary };
