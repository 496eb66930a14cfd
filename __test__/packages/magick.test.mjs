// ImageMagick built by Emscripten with 64-bit addresses: memory64 and table64, which Node 20 does not have.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, sizeOf } from '../helpers/package.mjs';

const FILE = '@imagemagick/magick-wasm/dist/x64/magick.wasm';
const [width, height] = [64, 48];
const pixels = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
  i % 4 === 3 ? 255 : (i * 5) ^ (i >> 8),
);

packageTest(import.meta, '@imagemagick/magick-wasm', async (used) => {
  const { ImageMagick, Magick, MagickFormat, MagickReadSettings, initializeImageMagickx64 } =
    await import('@imagemagick/magick-wasm');
  await initializeImageMagickx64(readPackageFile(FILE));
  assert.ok(used.compiled.includes(sizeOf(FILE)));
  assert.match(Magick.imageMagickVersion, /^ImageMagick 7\.1\.2-\d+ Q8 wasm64 /);
  const bytesOf = (image, format) => image.write(format, (data) => Uint8Array.from(data));

  const raw = new MagickReadSettings({ width, height, format: MagickFormat.Rgba, depth: 8 });
  const png = ImageMagick.read(pixels, raw, (image) => bytesOf(image, MagickFormat.Png));
  assert.deepEqual([...png.subarray(1, 4)], [...Buffer.from('PNG')]);
  ImageMagick.read(png, (image) => {
    assert.deepEqual([image.width, image.height], [width, height]);
    assert.deepEqual(bytesOf(image, MagickFormat.Rgba), pixels);
    image.flip();
    image.flop();
    image.rotate(180);
    assert.deepEqual(bytesOf(image, MagickFormat.Rgba), pixels);
    image.resize(32, 24);
    const jpeg = bytesOf(image, MagickFormat.Jpeg);
    ImageMagick.read(jpeg, (small) => assert.deepEqual([small.width, small.height], [32, 24]));
  });
  ImageMagick.read('wizard:', (image) => {
    assert.deepEqual([image.width, image.height], [480, 640]);
    image.resize(48, 64);
    image.blur(0, 1.5);
    assert.equal(bytesOf(image, MagickFormat.Gray).length, 48 * 64);
  });
  for (let i = 0; i < 3; i++) {
    assert.throws(
      () => ImageMagick.read(Buffer.from('no image'), () => {}),
      /NoDecodeDelegateForThisImageFormat/,
    );
  }
});
