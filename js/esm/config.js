'use strict';
// What the application says about maps and WASI: in environment variables and in its package.json.

const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { readMap, cwdURL } = require('./resolver');

/** The nearest package.json above the program, or above the working directory. */
function applicationPackage() {
  const program = process.argv[1] ? path.resolve(process.argv[1]) : '';
  let folder = existsSync(program) ? path.dirname(program) : process.cwd();
  for (;;) {
    const file = path.join(folder, 'package.json');
    if (existsSync(file)) return file;
    const parent = path.dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

function packageSettings() {
  const file = applicationPackage();
  if (file === undefined) return { settings: {}, base: cwdURL() };
  let json;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file} is not valid JSON: ${cause.message}; correct that file`, { cause });
  }
  return { settings: json.gantry ?? {}, base: pathToFileURL(file).href };
}

/**
 * Maps as text, so that they can be passed to other threads. What environment variables say comes first and wins.
 * @returns {{ importMaps: { text: string, base: string }[], packageMap: { text: string, base: string } | null,
 *   wasi: object }}
 */
function readConfig() {
  const { GANTRY_IMPORT_MAP, GANTRY_PACKAGE_MAP } = process.env;
  const { settings, base } = packageSettings();
  const importMaps = [];
  if (GANTRY_IMPORT_MAP) {
    importMaps.push(readMap(GANTRY_IMPORT_MAP, cwdURL(), 'import map of GANTRY_IMPORT_MAP'));
  }
  if (settings.importMap) importMaps.push(readMap(settings.importMap, base, 'import map of package.json'));
  let packageMap = null;
  if (GANTRY_PACKAGE_MAP) {
    packageMap = readMap(GANTRY_PACKAGE_MAP, cwdURL(), 'package map of GANTRY_PACKAGE_MAP');
  } else if (settings.packageMap) {
    packageMap = readMap(settings.packageMap, base, 'package map of package.json');
  }
  return { importMaps, packageMap, wasi: settings.wasi ?? {} };
}

module.exports = { readConfig };
