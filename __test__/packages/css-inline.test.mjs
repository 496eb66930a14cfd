// css-inline: an HTML and a CSS parser in Rust, built by wasm-bindgen.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, require, sizeOf } from '../helpers/package.mjs';

const WASM = '@css-inline/css-inline-wasm/index_bg.wasm';
const page = (body) => `<html><head></head><body>${body}</body></html>`;

packageTest(import.meta, '@css-inline/css-inline-wasm', async (used) => {
  const { initWasm, inline, inlineFragment } = require('@css-inline/css-inline-wasm');
  await initWasm(readPackageFile(WASM));
  assert.ok(used.compiled.includes(sizeOf(WASM)));

  const style = '<style>p { margin: 0 } .a > b { color: red } #x { color: blue !important }</style>';
  const body = '<p class="a"><b style="font-weight: 400">ü</b><b id="x">y</b></p>';
  assert.equal(
    inline(page(style + body)),
    page(
      '<p class="a" style="margin: 0;"><b style="color: red;font-weight: 400">ü</b>' +
        '<b id="x" style="color: blue !important;">y</b></p>',
    ),
  );
  assert.equal(
    inlineFragment('<i>1</i>', 'i { top: 1px }', { keepStyleTags: false }),
    '<i style="top: 1px;">1</i>',
  );
  assert.throws(() => inline(page(body), { inlineStyleTags: 1 }), /invalid type/);
  const many = Array.from({ length: 2000 }, (_, i) => `<p class="c${i}"></p>`).join('');
  const rules = Array.from({ length: 50 }, (_, i) => `.c${i * 40} { left: ${i}px }`).join('');
  assert.equal(inline(page(`<style>${rules}</style>${many}`)).match(/left: \d+px;/g).length, 50);
});
