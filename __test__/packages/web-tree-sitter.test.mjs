// web-tree-sitter with tree-sitter-javascript: dynamic linking. The grammar is a side module that shares the main
// module's memory and table, and imports globals.

import assert from 'node:assert/strict';
import { packageFile, packageTest, readPackageFile, require, sha256, sizeOf } from '../helpers/package.mjs';

const GRAMMAR = 'tree-sitter-javascript/tree-sitter-javascript.wasm';

packageTest(import.meta, 'web-tree-sitter', async (used) => {
  const { Language, Parser, Query } = require('web-tree-sitter');
  await Parser.init();
  assert.ok(used.compiled.includes(sizeOf('web-tree-sitter/web-tree-sitter.wasm')));
  const language = await Language.load(packageFile(GRAMMAR));
  assert.ok(used.compiled.includes(sizeOf(GRAMMAR)));
  assert.ok(used.exports.has('tree_sitter_javascript'));

  const parser = new Parser();
  parser.setLanguage(language);
  assert.equal(
    parser.parse('let a = b => c?.d').rootNode.toString(),
    '(program (lexical_declaration (variable_declarator name: (identifier) value: (arrow_function ' +
      'parameter: (identifier) body: (member_expression object: (identifier) ' +
      'optional_chain: (optional_chain) property: (property_identifier))))))',
  );
  assert.equal(parser.parse('let = = ;').rootNode.hasError, true);
  checkRealFile(parser, new Query(language, '(function_declaration name: (identifier) @name)'));
});

function checkRealFile(parser, query) {
  const source = readPackageFile('rxjs/dist/bundles/rxjs.umd.js', 'utf8');
  const tree = parser.parse(source);
  assert.equal(tree.rootNode.hasError, false);
  assert.equal(tree.rootNode.descendantCount, 66_306);
  assert.equal(
    sha256(tree.rootNode.toString()),
    '47ec4072031daad95ab4d3e3d85e20ba725e13b5b32032eed02fd574745aada1',
  );
  const names = query.captures(tree.rootNode).map((capture) => capture.node.text);
  assert.equal(names.length, 306);
  checkEdit(parser, tree, source);
}

/** An incremental parse of an edited text gives the tree of a whole parse. */
function checkEdit(parser, tree, source) {
  const edited = `var added = 1;\n${source}`;
  const end = { row: 1, column: 0 };
  const start = { row: 0, column: 0 };
  tree.edit({
    startIndex: 0,
    oldEndIndex: 0,
    newEndIndex: edited.length - source.length,
    startPosition: start,
    oldEndPosition: start,
    newEndPosition: end,
  });
  const whole = parser.parse(edited).rootNode.toString();
  assert.equal(parser.parse(edited, tree).rootNode.toString(), whole);
}
