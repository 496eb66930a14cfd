// xxhash-wasm: a hand-written module with 64-bit integers in its signatures (BigInt on the JavaScript side).

import assert from 'node:assert/strict';
import { packageTest, require } from '../helpers/package.mjs';

packageTest(import.meta, 'xxhash-wasm', async (used) => {
  const xxhash = await require('xxhash-wasm')();
  assert.equal(used.compiled.length, 1);
  assert.ok(used.exports.has('xxh64'));

  assert.equal(xxhash.h32ToString(''), '02cc5d05');
  assert.equal(xxhash.h64(''), 0xef46db3751d8e999n);
  assert.equal(xxhash.h32('Nobody inspects the spammish repetition'), 0xe2293b2f);
  assert.equal(xxhash.h64('Nobody inspects the spammish repetition'), 0xfbcea83c8a378bf1n);
  assert.notEqual(xxhash.h64('a', 1n), xxhash.h64('a', 2n));

  const data = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
  const streamed = xxhash.create64(5n);
  for (let i = 0; i < data.length; i += 33_333) streamed.update(data.subarray(i, i + 33_333));
  assert.equal(streamed.digest(), xxhash.h64Raw(data, 5n));
  assert.equal(xxhash.h64Raw(data, 5n), 13_660_202_181_541_570_029n);
});
