// CharLS: JPEG-LS in C++, built by Emscripten with embind: classes of C++ that JavaScript uses.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, require, sizeOf } from '../helpers/package.mjs';

const FILE = '@cornerstonejs/codec-charls/dist/charlswasm.wasm';
const image = { width: 320, height: 200, bitsPerSample: 12, componentCount: 1, isSigned: false };
const pixels = Uint16Array.from(
  { length: image.width * image.height },
  (_, i) => (i * i * 7 + (i % image.width) * 3) & 0xfff,
);
const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

packageTest(import.meta, '@cornerstonejs/codec-charls', async (used) => {
  const charls = await require('@cornerstonejs/codec-charls/wasmjs')({ wasmBinary: readPackageFile(FILE) });
  assert.ok(used.compiled.includes(sizeOf(FILE)));

  const lossless = encode(charls, 0);
  const lossy = encode(charls, 3);
  assert.deepEqual([...lossless.subarray(0, 4)], [0xff, 0xd8, 0xff, 0xf7]);
  assert.ok(lossy.length < lossless.length);
  assert.deepEqual(decode(charls, lossless), pixels);
  const errors = decode(charls, lossy).map((value, i) => Math.abs(value - pixels[i]));
  assert.equal(Math.max(...errors), 3);

  // Errors of C++ that leave wasm, and of the glue between the languages.
  assert.throws(() => decode(charls, pixels.subarray(0, 1000)));
  assert.throws(() => new charls.JpegLSDecoder(1), charls.BindingError);
  const deleted = new charls.JpegLSEncoder();
  deleted.delete();
  assert.throws(() => deleted.encode(), charls.BindingError);
  assert.deepEqual(decode(charls, lossless), pixels);
});

function encode(charls, nearLossless) {
  const encoder = new charls.JpegLSEncoder();
  encoder.getDecodedBuffer(image).set(bytesOf(pixels));
  encoder.setNearLossless(nearLossless);
  encoder.encode();
  const encoded = encoder.getEncodedBuffer().slice();
  encoder.delete();
  return encoded;
}

function decode(charls, encoded) {
  const decoder = new charls.JpegLSDecoder();
  decoder.getEncodedBuffer(encoded.length).set(encoded);
  decoder.decode();
  const { width, height, bitsPerSample } = decoder.getFrameInfo();
  assert.deepEqual([width, height, bitsPerSample], [image.width, image.height, image.bitsPerSample]);
  const decoded = new Uint16Array(decoder.getDecodedBuffer().slice().buffer);
  decoder.delete();
  return decoded;
}
