'use strict';
// What the loader's hooks do, in threads of hooks and beside the program alike.

const { existsSync, readFileSync } = require('node:fs');
const { fileURLToPath } = require('node:url');
const { checkIntegrity } = require('./integrity');
const { rewriteSourcePhase, SOURCE_PREFIX } = require('./phase');
const { createResolver, warnAll } = require('./resolver');
const { instanceSource, moduleSource } = require('./source');

const hasMaps = ({ importMaps, packageMap }) => importMaps.length > 0 || packageMap !== null;

/** The loader's state: maps, and what they say. */
class Loader {
  #resolver = null;
  #hasPackageMap = false;
  #hasImportMaps = false;

  constructor(config) {
    this.add(config);
  }

  /** Adds maps; those that are there win. */
  add(config) {
    if (!hasMaps(config)) return;
    if (this.#resolver === null) this.#resolver = createResolver(config);
    else this.#addTo(config);
    this.#hasPackageMap ||= config.packageMap !== null;
    this.#hasImportMaps ||= config.importMaps.length > 0;
  }

  #addTo({ importMaps, packageMap }) {
    for (const { text, base } of importMaps) warnAll(base, this.#resolver.addImportMap(text, base, false));
    if (packageMap) this.#resolver.setPackageMap(packageMap.text, packageMap.base);
  }

  /** The URL that an import map gives, or null. */
  lookup(specifier, parent) {
    return this.#hasImportMaps && parent ? this.#resolver.lookup(specifier, parent) : null;
  }

  /** The specifier or URL that Node.js should go on with. */
  mapped(specifier, parent) {
    const mapped = this.lookup(specifier, parent);
    if (mapped !== null) return mapped;
    if (this.#hasPackageMap && parent && isPackage(specifier))
      return this.#resolver.resolve(specifier, parent);
    return specifier;
  }

  integrity(url) {
    return this.#hasImportMaps ? this.#resolver.integrity(url) : '';
  }
}

const isPackage = (specifier) => /^[^./#]/.test(specifier) && !URL.canParse(specifier);

const MODULE_QUERY = '?module';

/**
 * Takes off what says that the compiled module is wanted: the prefix of source phase imports, and the query behind names of
 * packages, which know no queries.
 */
function split(specifier) {
  if (specifier.startsWith(SOURCE_PREFIX)) return [specifier.slice(SOURCE_PREFIX.length), true];
  if (!specifier.endsWith(MODULE_QUERY) || /^\.{0,2}\//.test(specifier) || URL.canParse(specifier)) {
    return [specifier, false];
  }
  return [specifier.slice(0, -MODULE_QUERY.length), true];
}

function asModule(result, specifier, parent) {
  if (!isWasm(result.url)) {
    throw new TypeError(
      `${parent} imports "${specifier}" for its compiled module, but ${result.url} is no .wasm file; import it without that`,
    );
  }
  const url = new URL(result.url);
  url.search = MODULE_QUERY;
  return { ...result, url: url.href, format: 'module' };
}

/** Says what was imported by which file, and what to do, where Node.js does not. */
function explained(error, specifier, mapped, parent) {
  if (!(error instanceof Error)) return error;
  const notes = [];
  if (mapped !== specifier) {
    notes.push(`"${specifier}" in ${parent} is mapped to ${mapped}; correct the map or put the file there`);
  } else if (isWasm(parent ?? '')) {
    notes.push(
      `the WebAssembly module ${parent} imports from "${specifier}"; install a package of that name, or map "${specifier}" in an import map (GANTRY_IMPORT_MAP)`,
    );
  } else if (/\.wasm(\?|$)/.test(specifier) && parent) {
    notes.push(`"${specifier}" is imported by ${parent}; check the path, or build the file`);
  }
  if (notes.length > 0) error.message = `${error.message}\n${notes.join('\n')}`;
  return error;
}

function isWasm(url) {
  return /^file:[^?#]*\.wasm([?#]|$)/.test(url);
}

/** Shared steps; `next` gives a result, or a promise of one in threads of hooks. */
class Hooks {
  constructor(config) {
    this.loader = new Loader(config);
  }

  /** @returns {{ specifier: string, context: object, finish: Function, fail: Function } | { result: object }} */
  resolution(given, context) {
    const parent = context.parentURL;
    if (given === parent && isWasm(given))
      return { result: { url: given, format: 'module', shortCircuit: true } };
    const [specifier, wantsModule] = split(given);
    const mapped = this.loader.mapped(specifier, parent);
    const conditions = context.conditions?.includes('wasm')
      ? context.conditions
      : [...(context.conditions ?? []), 'wasm'];
    return {
      specifier: mapped,
      context: { ...context, conditions },
      finish: (result) => (wantsModule ? asModule(result, specifier, parent) : result),
      fail: (error) => explained(error, specifier, mapped, parent),
    };
  }

  /** The text of a wasm module; nothing for other files. */
  wasm(url) {
    if (!isWasm(url)) return undefined;
    const plain = new URL(url);
    const integrity = this.loader.integrity(plain.href.replace(/[?#].*$/, ''));
    const wantsModule = plain.search === MODULE_QUERY;
    plain.search = '';
    plain.hash = '';
    const file = fileURLToPath(plain);
    if (!existsSync(file)) {
      throw Object.assign(new Error(`there is no file ${file}; check the import of ${url}`), {
        code: 'ERR_MODULE_NOT_FOUND',
      });
    }
    if (wantsModule) return moduleSource({ url, integrity });
    const lookup = (specifier) => this.loader.lookup(specifier, url);
    return instanceSource(readFileSync(file), { url, file, lookup, integrity });
  }

  /** What Node.js loaded, checked against the import maps, with source phase imports rewritten. */
  javascript(url, result) {
    const integrity = this.loader.integrity(url);
    if (integrity !== '' && url.startsWith('file:')) {
      const file = fileURLToPath(url);
      checkIntegrity(readFileSync(file), integrity, file);
    }
    if (!result.format?.startsWith('module') || !result.source) return result;
    const text = typeof result.source === 'string' ? result.source : Buffer.from(result.source).toString();
    const rewritten = rewriteSourcePhase(text);
    return rewritten === text ? result : { ...result, source: rewritten };
  }
}

module.exports = { Hooks, Loader, isWasm };
