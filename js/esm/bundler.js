'use strict';
// Plugins for bundlers: a .wasm file becomes a module of the bundle, whose engine is Gantry when the bundle runs in Node.js.

const { readFileSync } = require('node:fs');
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { createResolver, readMap, cwdURL } = require('./resolver');
const { instanceText } = require('./source');

/** What bundles import: it has the native addon and stays outside of them. */
const RUNTIME = 'gantry-wasm/evaluate';
const IS_RUNTIME = /^gantry-wasm(\/|$)/;
const IS_WASM = /\.wasm(\?module)?$/;

const IMPORT_RUNTIME = `import * as gantry from ${JSON.stringify(RUNTIME)};`;

/**
 * The text of the module for a .wasm file.
 * @param {string} id path of the file, with ?module when the compiled module is wanted
 * @param {{ head: string[], url: string, lookup: (specifier: string, parent: string) => string | null }} options `url` is
 *   an expression for where the file is when the bundle runs, `head` what it needs
 */
function textFor(id, bytes, { head, url, lookup }) {
  const file = id.replace(/\?module$/, '');
  if (file !== id) {
    return [...head, IMPORT_RUNTIME, `export default gantry.compile({ url: ${url} });`].join('\n');
  }
  const parent = pathToFileURL(file).href;
  return instanceText(bytes, {
    ...{ file, url, self: file, integrity: '', evaluator: 'gantry', head: [...head, IMPORT_RUNTIME] },
    lookup: (specifier) => lookup(specifier, parent),
  });
}

/** @returns {(specifier: string, parent: string | undefined) => string | null} what the import map says */
function mapping(importMap) {
  if (importMap === undefined) return () => null;
  const resolver = createResolver({ importMaps: [readMap(importMap, cwdURL(), 'import map')] });
  return (specifier, parent) => (parent ? resolver.lookup(specifier, parent) : null);
}

/** What says that the compiled module is wanted; bundlers look for files of the name without it. */
const suffixOf = (specifier) => (specifier.endsWith('.wasm?module') ? '?module' : '');

/** A path where that is possible. */
const asPath = (specifier) => (specifier.startsWith('file:') ? fileURLToPath(specifier) : specifier);

/** What a specifier stands for: a path for what is mapped, else itself. */
function mapped(lookup, specifier, importer) {
  const parent = importer && path.isAbsolute(importer) ? pathToFileURL(importer).href : undefined;
  return asPath(lookup(specifier, parent) ?? specifier);
}

/**
 * A plugin for Rollup, Rolldown and Vite.
 * @param {{ importMap?: string | URL | object }} [options]
 */
function rollup({ importMap } = {}) {
  const lookup = mapping(importMap);
  return {
    name: 'gantry-wasm',
    // Vite has an idea of its own about .wasm.
    enforce: 'pre',
    async resolveId(specifier, importer, options) {
      if (IS_RUNTIME.test(specifier)) return { id: specifier, external: true };
      const from = importer?.replace(/\?.*$/, '');
      const target = mapped(lookup, specifier, from);
      const suffix = suffixOf(target);
      if (target === specifier && suffix === '') return null;
      const plain = target.slice(0, target.length - suffix.length);
      const found = await this.resolve(plain, importer, { ...options, skipSelf: true });
      return found && { ...found, id: `${found.id}${suffix}` };
    },
    load(id) {
      if (!IS_WASM.test(id)) return null;
      const file = id.replace(/\?module$/, '');
      const source = readFileSync(file);
      this.addWatchFile(file);
      const reference = this.emitFile({ type: 'asset', name: path.basename(file), source });
      const url = `import.meta.ROLLUP_FILE_URL_${reference}`;
      return { code: textFor(id, source, { head: [], url, lookup }), moduleSideEffects: true };
    },
  };
}

/** Where the bundle is, in the words of its format. */
function esbuildBase(format) {
  if (format === 'esm') return { head: [], base: 'import.meta.url' };
  const head = [`import { pathToFileURL } from 'node:url';`];
  return { head, base: 'pathToFileURL(__filename)' };
}

/**
 * A plugin for esbuild.
 * @param {{ importMap?: string | URL | object }} [options]
 */
function esbuild({ importMap } = {}) {
  const lookup = mapping(importMap);
  return {
    name: 'gantry-wasm',
    setup(build) {
      const { head, base } = esbuildBase(build.initialOptions.format);
      const load = (id) => {
        const file = id.replace(/\?module$/, '');
        const text = { head: [...head, `import file from ${JSON.stringify(`gantry-file:${file}`)};`] };
        const url = `new URL(file, ${base}).href`;
        const contents = textFor(id, readFileSync(file), { ...text, url, lookup });
        return { contents, resolveDir: path.dirname(file), watchFiles: [file] };
      };
      build.onResolve({ filter: IS_RUNTIME }, ({ path: specifier }) => ({ path: specifier, external: true }));
      build.onResolve({ filter: /^gantry-file:/ }, ({ path: specifier }) => ({
        path: specifier.slice('gantry-file:'.length),
        namespace: 'gantry-file',
      }));
      build.onLoad({ filter: /.*/, namespace: 'gantry-file' }, ({ path: file }) => ({
        contents: readFileSync(file),
        loader: 'file',
      }));
      build.onResolve({ filter: importMap === undefined ? /\.wasm|^file:/ : /.*/ }, (args) =>
        resolveInEsbuild(build, args, lookup),
      );
      build.onLoad({ filter: IS_WASM }, ({ path: file, suffix }) => load(`${file}${suffix}`));
    },
  };
}

async function resolveInEsbuild(build, { path: specifier, importer, resolveDir, kind, pluginData }, lookup) {
  if (pluginData === RUNTIME) return undefined;
  const target = mapped(lookup, specifier, importer);
  const suffix = suffixOf(target);
  if (target === specifier && suffix === '') return undefined;
  const plain = target.slice(0, target.length - suffix.length);
  const result = await build.resolve(plain, { kind, importer, resolveDir, pluginData: RUNTIME });
  return result.errors.length > 0 ? { errors: result.errors } : { ...result, suffix, pluginData: undefined };
}

module.exports = { rollup, esbuild };
