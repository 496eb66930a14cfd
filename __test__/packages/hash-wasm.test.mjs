// hash-wasm: many small modules written in C, embedded as base64; answers from the algorithms' own test vectors.

import assert from 'node:assert/strict';
import { packageTest, require } from '../helpers/package.mjs';

packageTest(import.meta, 'hash-wasm', async (used) => {
  const hash = require('hash-wasm');
  await checkDigests(hash);
  await checkIncremental(hash);
  await checkPasswords(hash);
  assert.ok(used.compiled.length >= 5, `compiled ${used.compiled.length} modules`);
  assert.ok(used.exports.has('Hash_Calculate'));
});

async function checkDigests(hash) {
  assert.equal(await hash.blake3(''), 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262');
  assert.equal(
    await hash.sha512('abc'),
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
      '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  );
  assert.equal(
    await hash.sha256('a'.repeat(1_000_000)),
    'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  );
  assert.equal(await hash.md5('message digest'), 'f96b697d7cb7938d525a2f31aaf161d0');
  assert.equal(await hash.xxhash64(''), 'ef46db3751d8e999');
  assert.equal(await hash.crc32('123456789'), 'cbf43926');
  assert.equal(
    await hash.keccak('', 256),
    'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470',
  );
}

/** blake3's vectors hash the bytes 0, 1, …, 250, 0, 1, … */
async function checkIncremental(hash) {
  const hasher = await hash.createBLAKE3();
  hasher.init();
  const input = Uint8Array.from({ length: 102_400 }, (_, i) => i % 251);
  for (let i = 0; i < input.length; i += 1000) hasher.update(input.subarray(i, i + 1000));
  assert.equal(hasher.digest(), 'bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085');
}

async function checkPasswords(hash) {
  const argon2 = { password: 'password', salt: 'somesalt', parallelism: 1, iterations: 2, hashLength: 32 };
  assert.equal(
    await hash.argon2id({ ...argon2, memorySize: 65_536, outputType: 'hex' }),
    '09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7',
  );
  // RFC 7914, section 12
  const scrypt = { password: 'password', salt: 'NaCl', costFactor: 1024, blockSize: 8, parallelism: 16 };
  assert.equal(
    await hash.scrypt({ ...scrypt, hashLength: 64 }),
    'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162' +
      '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
  );
  const encoded = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
  const verify = (password) => hash.bcryptVerify({ password, hash: encoded.replace('$2b', '$2a') });
  assert.equal(await verify('U*U'), true);
  assert.equal(await verify('U*V'), false);
}
