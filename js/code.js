'use strict';
// Loads this package's files with the code that V8 has made of them in an earlier process: of functions that were called too, which
// otherwise is most of what a first module and a first instance take. See kept.js for how it comes to be there. This file itself is compiled
// each time.

const Module = require('node:module');
const { sep } = require('node:path');
const fs = require('node:fs');
const vm = require('node:vm');
const { addon } = require('./addon');

/**
 * V8 refuses code of another version, or made with other flags. `node:v8` could tell both, but takes a tenth of the time that all of this does.
 * Other copies of the package have other text.
 */
const flags = process.execArgv.filter((argument) => argument.startsWith('--')).join(' ');
const NAME = `2 ${process.version} ${process.arch} ${flags} ${process.env.NODE_OPTIONS} ${__dirname}${sep}`;

/** As in Node.js. What stands before the text of a file is in its first line. */
const HEAD = Buffer.from('(function (exports, require, module, __filename, __dirname) { ');
const TAIL = Buffer.from('\n})');
const importModuleDynamically = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;

/** Code of V8's, under the names of files and of texts that programs needed besides. */
const code = {
  /** What an earlier process has kept, by name: source and code. Nothing where that cannot be. */
  kept: null,
  /** Under which name the cache has it, and how many bytes. */
  name: NAME,
  length: 0,
  /** What was loaded, by name: source and script. */
  loaded: new Map(),
  /** Whether an earlier process has kept all of it. */
  isComplete: true,
};

/** Loads files of this folder and what they require, so that `require` finds them loaded. Where that cannot be, it loads them itself. */
function preload(ids) {
  // Bundles and test runners have modules of their own. An old Node.js has no `import()` in scripts.
  const isPossible = Module._cache?.[__filename] === module && importModuleDynamically !== undefined;
  // Without a cache nothing could be kept.
  const bytes = isPossible ? addon().Host.keptScripts(NAME) : null;
  if (bytes === null) return;
  code.length = bytes.length;
  code.kept = parse(bytes);
  const loader = new Loader();
  for (const id of ids) loader.require(__dirname, id);
  loader.end();
}

/** Loads files as Node.js does, but looks for them only where they are. Others find them loaded. */
class Loader {
  #isLoading = true;

  require(folder, id) {
    if (id[0] !== '.') return require(id);
    const path = pathOf(folder, id);
    const isOwn = this.#isLoading && !path.endsWith('.json') && !path.endsWith('.node');
    return isOwn ? this.#load(path.endsWith('.js') ? path : `${path}.js`) : require(path);
  }

  #load(file) {
    const known = require.cache[file];
    if (known !== undefined) return known.exports;
    // Bytes are outside of V8's heap. As strings all this would make it collect garbage twice.
    const source = Buffer.concat([HEAD, fs.readFileSync(file), TAIL]);
    const found = code.kept.get(file);
    const cachedData = found?.source.equals(source) ? found.code : undefined;
    const columnOffset = -HEAD.length;
    const options = { filename: file, columnOffset, cachedData, importModuleDynamically };
    const script = new vm.Script(source.toString(), options);
    if (cachedData === undefined || script.cachedDataRejected) code.isComplete = false;
    code.loaded.set(file, { source, script });
    return this.#run(file, script);
  }

  #run(file, script) {
    const module = new Module(file);
    module.filename = file;
    require.cache[file] = module;
    const folder = parentOf(file);
    const requireFrom = (id) => this.require(folder, id);
    try {
      script.runInThisContext()(module.exports, requireFrom, module, file, folder);
    } catch (error) {
      delete require.cache[file];
      throw error;
    }
    module.loaded = true;
    return module.exports;
  }

  /** From here on Node.js loads what is required. */
  end() {
    this.#isLoading = false;
  }
}

const parentOf = (path) => path.slice(0, path.lastIndexOf(sep));

/** What a relative specifier of this package leads to. `node:path` takes a tenth of the time that all of this does. */
function pathOf(folder, id) {
  let parent = folder;
  let at = 0;
  for (; id[at] === '.'; at = id.indexOf('/', at) + 1) if (id[at + 1] === '.') parent = parentOf(parent);
  return `${parent}${sep}${id.slice(at).replaceAll('/', sep)}`;
}

/** Names, sources and codes, each after its length: see kept.js. */
function parse(bytes) {
  const kept = new Map();
  let at = 0;
  const next = () => {
    const end = at + 4 + (at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0);
    const part = bytes.subarray(at + 4, end);
    at = end;
    return part;
  };
  while (at < bytes.length) kept.set(next().toString(), { source: next(), code: next() });
  return kept;
}

module.exports = { preload, code };
