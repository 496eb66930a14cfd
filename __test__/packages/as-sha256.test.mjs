// as-sha256: SHA-256 in AssemblyScript, with SIMD for several messages at once.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { packageTest } from '../helpers/package.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes) => Buffer.from(bytes).toString('hex');

packageTest(import.meta, '@chainsafe/as-sha256', async (used) => {
  const { SHA256, digest, digest64, hashInto, simdEnabled } = await import('@chainsafe/as-sha256');
  assert.ok(simdEnabled);
  assert.ok(used.exports.has('batchHash4UintArray64s'));
  assert.equal(
    hex(digest(Buffer.from('abc'))),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 31) >> 2);
  for (let length = 0; length < 200; length++) {
    assert.equal(hex(digest(bytes.subarray(0, length))), sha256(bytes.subarray(0, length)));
  }
  const hash = new SHA256().init();
  for (let at = 0; at < bytes.length; at += 512) hash.update(bytes.subarray(at, at + 512));
  assert.equal(hex(hash.final()), sha256(bytes));
  assert.equal(hex(digest64(bytes.subarray(0, 64))), sha256(bytes.subarray(0, 64)));
  // Pairs of hashes, four of which are hashed at a time: one level of a Merkle tree.
  const level = new Uint8Array(32 * 10);
  hashInto(bytes.subarray(0, 64 * 10), level);
  for (let i = 0; i < 10; i++) {
    assert.equal(hex(level.subarray(i * 32, i * 32 + 32)), sha256(bytes.subarray(i * 64, i * 64 + 64)));
  }
});
