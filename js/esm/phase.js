'use strict';
// Source phase imports in JavaScript, rewritten to what every Node.js parses: `import source m from './x.wasm'` and
// `import.source('./x.wasm')` give the compiled module.

const { parse } = require('es-module-lexer/js');

/** Marks specifiers whose compiled module is wanted. */
const SOURCE_PREFIX = 'gantry-source:';

const MAYBE = /\bimport\s*(\/\*[^]*?\*\/\s*)?(\.\s*)?source\b/;

function rewriteStatic(text, item) {
  const head = text.slice(item.importStart, item.start).replace(/\bsource\b/, '');
  return `${head}${SOURCE_PREFIX}`;
}

/** @returns {string} the text, or the same text when it has no source phase imports */
function rewriteSourcePhase(text) {
  if (!MAYBE.test(text)) return text;
  let imports;
  try {
    [imports] = parse(text);
  } catch {
    // Node.js reports what is wrong, with the place in the file as it is.
    return text;
  }
  let result = text;
  for (const item of imports.filter(({ phase }) => phase === 'source').reverse()) {
    if (item.type === 'dynamic') {
      const specifier = text.slice(item.start, item.end);
      const call = `import('${SOURCE_PREFIX}' + (${specifier})).then((m) => m.default)`;
      result = result.slice(0, item.importStart) + call + result.slice(item.importEnd);
    } else {
      result = result.slice(0, item.importStart) + rewriteStatic(text, item) + result.slice(item.start);
    }
  }
  return result;
}

module.exports = { rewriteSourcePhase, SOURCE_PREFIX };
