// source-map: its mappings.wasm (Rust) parses the source map that rxjs ships.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, require, sha256, sizeOf } from '../helpers/package.mjs';

packageTest(import.meta, 'source-map', async (used) => {
  const { SourceMapConsumer } = require('source-map');
  const map = JSON.parse(readPackageFile('rxjs/dist/bundles/rxjs.umd.js.map', 'utf8'));
  await SourceMapConsumer.with(map, null, (consumer) => {
    assert.ok(used.compiled.includes(sizeOf('source-map/lib/mappings.wasm')));
    assert.equal(consumer.sources.length, 238);
    checkEveryMapping(consumer);
    checkBothDirections(consumer);
  });
});

/** eachMapping calls from wasm into JavaScript once a mapping. */
function checkEveryMapping(consumer) {
  const lines = [];
  consumer.eachMapping((m) => {
    const where = [m.generatedLine, m.generatedColumn, m.source, m.originalLine, m.originalColumn, m.name];
    lines.push(where.join(':'));
  });
  assert.equal(lines.length, 47_872);
  assert.equal(sha256(lines.join('\n')), '333e0600b75a789a4f0b73399b276e1ac469196da8b8e5c2eb601668ee9c9f6f');
}

function checkBothDirections(consumer) {
  const original = consumer.originalPositionFor({ line: 1000, column: 20 });
  assert.deepEqual(original, {
    source: '../cjs/dist/esm5_for_rollup/internal/Subject.js',
    line: 62,
    column: 16,
    name: null,
  });
  const generated = consumer.generatedPositionFor(original);
  assert.deepEqual(generated, { line: 1000, column: 20, lastColumn: 26 });
  const all = consumer.allGeneratedPositionsFor({ source: original.source, line: original.line });
  assert.deepEqual(
    all.map((position) => position.column),
    [4, 20, 27, 36, 37, 43, 45],
  );
}
