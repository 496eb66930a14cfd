'use strict';
// A .wasm file as the text of a JavaScript module: its imports are import statements, its exports are bindings.
// https://github.com/WebAssembly/esm-integration

const { addon, MissingBinary } = require('../addon');

const EVALUATE = require.resolve('./evaluate');

/** Finds the evaluator without another import, in threads that the loader was not registered in as well. */
const EVALUATOR = `(globalThis[Symbol.for('gantry.esm')] ?? process.getBuiltinModule('node:module').createRequire(${JSON.stringify(EVALUATE)})(${JSON.stringify(EVALUATE)}))`;

const WASI_MODULES = new Set(['wasi_snapshot_preview1', 'wasi_unstable']);

/** Names that the engine provides itself. */
const isBuiltin = (module) => module.startsWith('wasm:');

const [major, minor] = process.versions.node.split('.').map(Number);
const ATTRIBUTES = major > 20 || minor >= 10 ? 'with' : 'assert';

/** Imports and exports of a module, without compiling it where there is the native engine. */
function interfaceOf(bytes, file) {
  try {
    return JSON.parse(addon().NativeResolver.interfaceOf(bytes));
  } catch (error) {
    if (error instanceof MissingBinary) return builtinInterface(bytes);
    throw new WebAssembly.CompileError(
      `${file} is no valid WebAssembly module: ${error.message.split('\n')[0]}`,
      {
        cause: error,
      },
    );
  }
}

function builtinInterface(bytes) {
  const module = new WebAssembly.Module(bytes);
  return { imports: WebAssembly.Module.imports(module), exports: WebAssembly.Module.exports(module) };
}

/** Prefixes that the proposal reserves. */
function checkNames({ imports, exports }, file) {
  const refuse = (what, name) => {
    throw new WebAssembly.LinkError(`${file}: the ${what} "${name}" has a prefix that is reserved`);
  };
  for (const { module, name } of imports) {
    if (module.startsWith('wasm-js:')) refuse('import from', module);
    if (!isBuiltin(module) && /^wasm(-js)?:/.test(name)) refuse('import', name);
  }
  for (const { name } of exports) if (/^wasm(-js)?:/.test(name)) refuse('export', name);
}

/**
 * Where each import comes from. An entry "module#field" of an import map maps one pair; its URL may end in #name, when
 * the implementation calls it otherwise.
 * @param {(specifier: string) => string | null} lookup asks the import maps
 */
function importsBySpecifier(imports, lookup) {
  const specifiers = [];
  const items = [];
  for (const { module, name } of imports) {
    if (isBuiltin(module)) continue;
    const pair = lookup(`${module}#${name}`);
    const [specifier, field] = pair === null ? [module, name] : splitPair(pair, name);
    const isWasi = pair === null && WASI_MODULES.has(module) && lookup(module) === null;
    let from = -1;
    if (!isWasi) {
      from = specifiers.indexOf(specifier);
      if (from < 0) from = specifiers.push(specifier) - 1;
    }
    items.push({ module, name, field, from });
  }
  return { specifiers, items };
}

function splitPair(url, name) {
  const at = url.indexOf('#');
  return at < 0 ? [url, name] : [url.slice(0, at), decodeURIComponent(url.slice(at + 1))];
}

function importStatement(specifier, i) {
  const attributes = /\.json$/.test(specifier) ? ` ${ATTRIBUTES} { type: 'json' }` : '';
  return `import * as i${i} from ${JSON.stringify(specifier)}${attributes};`;
}

/** Without the native engine there is no telling which globals are mutable. */
const canChange = ({ kind, mutable }) => kind === 'global' && mutable !== false;

/** The text of the module that instantiates the file. */
function instanceSource(bytes, { url, file, lookup, integrity }) {
  const where = { evaluator: EVALUATOR, url: JSON.stringify(url), self: url, head: [] };
  return instanceText(bytes, { file, lookup, integrity, ...where });
}

/**
 * @param {object} options `evaluator` and `url` are expressions, `self` is the specifier by which the module imports itself,
 *   `head` is lines that stand before all others
 */
function instanceText(bytes, { file, lookup, integrity, evaluator, url, self, head }) {
  const found = interfaceOf(bytes, file);
  checkNames(found, file);
  const { specifiers, items } = importsBySpecifier(found.imports, lookup);
  const { exports } = found;
  const hasGlobals = exports.some(({ kind }) => kind === 'global');
  const lines = [...head, ...specifiers.map(importStatement)];
  // Other wasm modules link to the globals themselves, which they find by the namespace.
  if (hasGlobals) lines.push(`import * as self from ${JSON.stringify(self)};`);
  const isLive = [...found.imports, ...exports].some(canChange);
  const names = exports.map(({ name }) => name);
  const request = JSON.stringify({ integrity, items, specifiers, names, isLive });
  const namespaces = specifiers.map((_, i) => `i${i}`).join(', ');
  lines.push(
    `const { values, watch } = ${evaluator}.evaluate({ url: ${url}, ...${request} }, [${namespaces}]${hasGlobals ? ', self' : ''});`,
  );
  exports.forEach((item, i) => {
    lines.push(`${canChange(item) ? 'let' : 'const'} e${i} = values[${i}];`);
    if (canChange(item)) lines.push(`watch(${i}, (value) => { e${i} = value; });`);
  });
  lines.push(`export { ${exports.map(({ name }, i) => `e${i} as ${JSON.stringify(name)}`).join(', ')} };`);
  return lines.join('\n');
}

/** The text of the module whose default export is the compiled module. */
function moduleSource({ url, integrity }) {
  return `export default ${EVALUATOR}.compile(${JSON.stringify({ url, integrity })});`;
}

module.exports = { instanceSource, instanceText, moduleSource, interfaceOf, importsBySpecifier };
