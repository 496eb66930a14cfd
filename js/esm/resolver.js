'use strict';
// Specifiers to URLs: the resolver of crates/resolve with maps from files, objects and options.

const { readFileSync } = require('node:fs');
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { addon } = require('../addon');

/** What holds in `exports` and `imports` when nothing else is said. */
const DEFAULT_CONDITIONS = ['node', 'import', 'module-sync', 'node-addons', 'wasm'];

const isFileURL = (value) => value instanceof URL || value.startsWith('file:');

/**
 * A map as text, with the URL that relative addresses in it refer to.
 * @param {string | URL | object} map a path or URL of a file, or the map itself
 * @param {string} base URL beside which a map that is no file stands
 */
function readMap(map, base, what) {
  if (typeof map === 'object' && !(map instanceof URL)) return { text: JSON.stringify(map), base };
  const file = isFileURL(map) ? fileURLToPath(map) : path.resolve(fileURLToPath(new URL('.', base)), map);
  try {
    return { text: readFileSync(file, 'utf8'), base: pathToFileURL(file).href };
  } catch (cause) {
    const message = `the ${what} ${file} cannot be read: ${cause.message}; check the path that names it`;
    throw Object.assign(new Error(message, { cause }), { code: 'ERR_GANTRY_INVALID_MAP' });
  }
}

const cwdURL = () => pathToFileURL(path.join(process.cwd(), path.sep)).href;

/** Hooks and require() read the same maps. */
const warned = new Set();

function warnAll(base, warnings) {
  for (const warning of warnings) {
    const text = `import map ${base}: ${warning}`;
    if (!warned.has(text)) process.emitWarning(text, { type: 'GantryWarning' });
    warned.add(text);
  }
}

/**
 * @param {{ importMaps?: { text: string, base: string }[], packageMap?: { text: string, base: string } | null,
 *   conditions?: string[] }} config maps as `readMap` returns them
 */
function createResolver({ importMaps = [], packageMap = null, conditions = DEFAULT_CONDITIONS }) {
  const native = new (addon().NativeResolver)(conditions);
  // The first ones are there to win over those that follow.
  importMaps.forEach(({ text, base }, i) => warnAll(base, native.addImportMap(text, base, i > 0)));
  if (packageMap) native.setPackageMap(packageMap.text, packageMap.base);
  return native;
}

/** Resolvers by their maps, so that resolving often does not parse often. */
const known = new Map();

/**
 * @param {string} specifier
 * @param {string | URL} parent URL or absolute path of the module that imports
 * @param {{ importMap?: string | URL | object, packageMap?: string | URL | object, conditions?: string[] }} [options]
 * @returns {string} a URL
 */
function resolve(specifier, parent, { importMap, packageMap, conditions = DEFAULT_CONDITIONS } = {}) {
  const base = cwdURL();
  const config = {
    importMaps: importMap === undefined ? [] : [readMap(importMap, base, 'import map')],
    packageMap: packageMap === undefined ? null : readMap(packageMap, base, 'package map'),
    conditions: [...conditions],
  };
  const key = JSON.stringify(config);
  let resolver = known.get(key);
  if (!resolver) {
    if (known.size > 64) known.clear();
    known.set(key, (resolver = createResolver(config)));
  }
  return resolver.resolve(`${specifier}`, `${parent}`);
}

module.exports = { resolve, createResolver, readMap, warnAll, cwdURL, DEFAULT_CONDITIONS };
