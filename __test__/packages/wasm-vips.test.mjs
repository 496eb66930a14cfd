// wasm-vips: libvips built by Emscripten with pthreads, embind, exceptions, SIMD, and a side module that is linked as it runs.

import assert from 'node:assert/strict';
import { packageTest, require, sizeOf } from '../helpers/package.mjs';

const [width, height] = [300, 200];
const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) ^ (i >> 9));
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="20" height="20" fill="#0f0"/></svg>';

packageTest(import.meta, 'wasm-vips', async (used) => {
  const vips = await require('wasm-vips')({ dynamicLibraries: ['vips-resvg.wasm'] });
  for (const name of ['vips', 'vips-resvg']) {
    assert.ok(used.compiled.includes(sizeOf(`wasm-vips/lib/${name}.wasm`)), `${name}: ${used.compiled}`);
  }
  vips.concurrency(4);
  const image = vips.Image.newFromMemory(pixels, width, height, 3, 'uchar');

  // Lossless there and back.
  const png = image.writeToBuffer('.png');
  assert.deepEqual([...png.subarray(1, 4)], [...Buffer.from('PNG')]);
  assert.deepEqual(vips.Image.newFromBuffer(png).writeToMemory(), pixels);

  // Many threads work on the strips of one image.
  const average = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const scaled = image.replicate(6, 6);
  for (let i = 0; i < 10; i++) assert.ok(Math.abs(scaled.linear(1, 0).avg() - average) < 1e-9);
  assert.deepEqual(image.flipHor().flipHor().rot90().rot270().writeToMemory(), pixels);
  const jpeg = vips.Image.newFromBuffer(image.resize(0.5).writeToBuffer('.jpg'));
  assert.deepEqual([jpeg.width, jpeg.height, jpeg.bands], [150, 100, 3]);

  const svg = vips.Image.newFromBuffer(Buffer.from(SVG));
  assert.deepEqual([svg.width, svg.height], [40, 20]);
  assert.deepEqual(svg.getpoint(5, 5), [0, 255, 0, 255]);
  assert.deepEqual(svg.getpoint(30, 5), [0, 0, 0, 0]);
  assert.throws(
    () => vips.Image.newFromBuffer(new Uint8Array(100)),
    (error) => error instanceof WebAssembly.Exception && /not in a known format/.test(error.message),
  );
  vips.shutdown();
});
