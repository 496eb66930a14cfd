// @resvg/resvg-wasm: renders a real SVG (the Mexican flag of flag-icons: gradients, 80 KB of paths) to a PNG.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, require, sha256, sizeOf } from '../helpers/package.mjs';
import { decodePng } from '../helpers/png.mjs';

packageTest(import.meta, '@resvg/resvg-wasm', async (used) => {
  const { initWasm, Resvg } = require('@resvg/resvg-wasm');
  await initWasm(readPackageFile('@resvg/resvg-wasm/index_bg.wasm'));
  assert.ok(used.compiled.includes(sizeOf('@resvg/resvg-wasm/index_bg.wasm')));

  const svg = readPackageFile('flag-icons/flags/4x3/mx.svg', 'utf8');
  const image = new Resvg(svg, { fitTo: { mode: 'width', value: 512 } }).render();
  const { width, height, pixels } = decodePng(image.asPng());
  assert.deepEqual([width, height], [512, 384]);
  // The flag's three fields, far from the arms in the middle.
  assert.deepEqual(pixelAt(pixels, width, 40, 200), [0, 104, 71, 255]);
  assert.deepEqual(pixelAt(pixels, width, 256, 20), [255, 255, 255, 255]);
  assert.deepEqual(pixelAt(pixels, width, 470, 200), [206, 17, 38, 255]);
  assert.equal(sha256(pixels), 'f0b67c8fcec26a485e6e349ec9345211e0a2bcb9465139847563e070cff48e24');
  assert.throws(() => new Resvg('<svg'), /SVG/);
});

const pixelAt = (pixels, width, x, y) => [...pixels.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
