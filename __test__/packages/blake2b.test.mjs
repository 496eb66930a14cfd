// blake2b-wasm: BLAKE2b, written by hand in the text format.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { packageTest, require } from '../helpers/package.mjs';

packageTest(import.meta, 'blake2b-wasm', async (used) => {
  const blake2b = require('blake2b-wasm');
  await new Promise((resolve, reject) => blake2b.ready((error) => (error ? reject(error) : resolve())));
  assert.ok(blake2b.SUPPORTED && used.exports.has('blake2b_compress'));
  const blake2b512 = (bytes) => createHash('blake2b512').update(bytes).digest('hex');
  const bytes = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3));
  for (const length of [0, 1, 127, 128, 129, 1000, 300_000]) {
    const input = bytes.subarray(0, length);
    assert.equal(blake2b(64).update(input).digest('hex'), blake2b512(input), `${length} bytes`);
  }
  // The first vector with a key of the reference implementation.
  const key = Buffer.from(Uint8Array.from({ length: 64 }, (_, i) => i));
  assert.equal(
    blake2b(64, key).update(Buffer.alloc(0)).digest('hex'),
    '10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786' +
      'b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568',
  );
  const hashes = Array.from({ length: 200 }, (_, i) => blake2b(64).update(bytes.subarray(0, i)));
  hashes.forEach((hash, i) => hash.update(bytes.subarray(i, 2 * i)));
  hashes.forEach((hash, i) => assert.equal(hash.digest('hex'), blake2b512(bytes.subarray(0, 2 * i))));
});
