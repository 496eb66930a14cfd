'use strict';
// TypeScript declarations for a .wasm file that is imported as a module.

const RESERVED = new Set(
  `break case catch class const continue debugger default delete do else enum export extends false finally for function if
  import in instanceof new null return super switch this throw true try typeof var void while with implements interface
  let package private protected public static yield await async arguments eval`.split(/\s+/),
);

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

const isIdentifier = (name) => IDENTIFIER.test(name) && !RESERVED.has(name);

const SCALARS = { i32: 'number', f32: 'number', f64: 'number', i64: 'bigint' };

/** References by heap type, in the words of the text format. */
const REFERENCES = {
  ...{
    extern: 'any',
    func: 'Function',
    any: 'unknown',
    eq: 'unknown',
    i31: 'number',
    struct: 'object',
    array: 'object',
  },
  ...{ exn: 'never', none: 'null', nofunc: 'null', noextern: 'null', noexn: 'null' },
};

/** The TypeScript type of a value; v128 has no values in JavaScript. */
function typeOf(wasm) {
  if (Object.hasOwn(SCALARS, wasm)) return SCALARS[wasm];
  if (wasm === 'funcref') return 'Function | null';
  if (wasm === 'externref') return 'any';
  const reference = wasm.match(/^\(ref (null )?(\w+)\)$/);
  if (!reference) return 'never';
  const type = REFERENCES[reference[2]] ?? 'unknown';
  return reference[1] && !['any', 'unknown', 'null'].includes(type) ? `${type} | null` : type;
}

function resultOf(results) {
  if (results.length === 0) return 'void';
  if (results.length === 1) return typeOf(results[0].type);
  return `[${results.map(({ type }) => typeOf(type)).join(', ')}]`;
}

/** A name for a parameter: its own if it can be one and is free. */
function parameterNames(params) {
  const used = new Set();
  return params.map(({ name }, i) => {
    const wanted = (name ?? '').replace(/[^\p{ID_Continue}$]/gu, '_').replace(/^(?=\d)/, '_');
    let chosen = isIdentifier(wanted) ? wanted : `arg${i}`;
    while (used.has(chosen)) chosen += '_';
    used.add(chosen);
    return chosen;
  });
}

function signatureOf({ params, results }) {
  const names = parameterNames(params);
  const list = params.map(({ type }, i) => `${names[i]}: ${typeOf(type)}`);
  return { list: list.join(', '), result: resultOf(results) };
}

/** The declarations of the namespace WebAssembly that TypeScript comes with have no tags. */
const TYPES = { memory: 'WebAssembly.Memory', table: 'WebAssembly.Table', tag: 'object' };

/** A declaration of an export under a local name. */
function declaration(item, local, isExported) {
  const prefix = isExported ? 'export ' : 'declare ';
  if (item.kind === 'function') {
    const { list, result } = signatureOf(item);
    return `${prefix}function ${local}(${list}): ${result};`;
  }
  if (item.kind === 'global')
    return `${prefix}${item.mutable ? 'let' : 'const'} ${local}: ${typeOf(item.type)};`;
  return `${prefix}const ${local}: ${TYPES[item.kind]};`;
}

/** What JavaScript must not read as the end of a comment. */
const inComment = (text) => text.replaceAll('*/', '* /');

/** What a module needs, for who writes the import map. */
function importsComment(imports) {
  if (imports.length === 0) return [];
  const lines = imports.map(({ module, name, kind, ...item }) => {
    const type = kind === 'function' ? functionText(item) : kind === 'global' ? `global ${item.type}` : kind;
    return ` *   ${inComment(JSON.stringify(module))} ${inComment(JSON.stringify(name))}: ${type}`;
  });
  return ['/*', ' * Imports:', ...lines, ' */'];
}

function functionText(item) {
  const { list, result } = signatureOf(item);
  return `(${list}) => ${result}`;
}

/**
 * @param {{ imports: object[], exports: object[] }} found as the addon's `interfaceOf` has it
 * @param {string} file the name of the file
 * @returns {string} the text of a .d.ts file
 */
function declarationsFor({ imports, exports }, file) {
  const lines = [
    `// Types of ${file}, written by gantry types. Changes are lost.`,
    ...importsComment(imports),
  ];
  const renamed = [];
  exports.forEach((item, i) => {
    if (item.name === 'default' || !isIdentifier(item.name)) {
      const local = `export${i}`;
      lines.push(declaration(item, `_${local}`, false));
      renamed.push(`_${local} as ${item.name === 'default' ? 'default' : JSON.stringify(item.name)}`);
    } else {
      lines.push(declaration(item, item.name, true));
    }
  });
  lines.push(`export { ${renamed.join(', ')} };`.replace('{  }', '{}'));
  return `${lines.join('\n')}\n`;
}

module.exports = { declarationsFor };
