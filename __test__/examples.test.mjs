// The examples work.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { loadBinding } from '../examples/lz4/load.mjs';
import { packageFile } from './helpers/package.mjs';

const native = createRequire(import.meta.url)('lz4-napi');

test('lz4: what it compresses, it and the native addon decompress', async () => {
  const { compress, decompress } = await loadBinding();
  const text = readFileSync(packageFile('prettier/plugins/babel.mjs'));
  for (const data of [text, Buffer.alloc(1 << 20), randomBytes(100_000), Buffer.from('x'), Buffer.alloc(0)]) {
    const packed = compress(data);
    assert.deepEqual(Buffer.from(decompress(packed, data.length)), data);
    // The addon puts the size in front.
    const size = Buffer.alloc(4);
    size.writeUInt32LE(data.length);
    if (data.length > 0) assert.deepEqual(native.uncompressSync(Buffer.concat([size, packed])), data);
  }
  assert.ok(compress(text).length < text.length / 2);
});

test('lz4: damaged data is an error', async () => {
  const { compress, decompress } = await loadBinding();
  const packed = compress(Buffer.from('hello hello hello hello hello'));
  assert.throws(() => decompress(packed, 5), /damaged, or larger than expected/);
  assert.throws(() => decompress(Buffer.from([0xff, 0xff, 0xff]), 100), /damaged/);
});
