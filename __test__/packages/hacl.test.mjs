// HACL*: verified cryptography in F*, which KaRaMeL turned into many small modules that share a memory and a table.

import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, diffieHellman, sign } from 'node:crypto';
import { packageTest, require } from '../helpers/package.mjs';

const hex = (array) => Buffer.from(array).toString('hex');
const message = Uint8Array.from(Buffer.from('longer than one block of any of these hashes: '.repeat(9)));
const secrets = [3, 5].map((factor) => Uint8Array.from({ length: 32 }, (_, i) => (i * factor) & 255));

packageTest(import.meta, 'hacl-wasm', async (used) => {
  const hacl = await require('hacl-wasm').getInitializedHaclModule();
  assert.ok(used.compiled.length > 40, `${used.compiled.length} modules`);
  assert.equal(hex(hacl.SHA2.hash_512(message)[0]), createHash('sha512').update(message).digest('hex'));
  checkAgreement(hacl.Curve25519_51);
  checkSignature(hacl.Ed25519);
});

/** What Node has the raw keys of its algorithms in. */
const privateKey = (curve, raw) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from(`302e020100300506032b65${curve}04220420`, 'hex'), raw]),
    format: 'der',
    type: 'pkcs8',
  });
const rawPublicKey = (key) => createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);

function checkAgreement(curve25519) {
  const keys = secrets.map((secret) => privateKey('6e', secret));
  const publicKeys = secrets.map((secret) => curve25519.secret_to_public(secret)[0]);
  assert.deepEqual(
    publicKeys.map(hex),
    keys.map((key) => hex(rawPublicKey(key))),
  );
  const shared = diffieHellman({ privateKey: keys[0], publicKey: createPublicKey(keys[1]) });
  assert.deepEqual(curve25519.ecdh(secrets[0], publicKeys[1]), [true, Uint8Array.from(shared)]);
  assert.deepEqual(curve25519.ecdh(secrets[1], publicKeys[0]), [true, Uint8Array.from(shared)]);
  assert.equal(curve25519.ecdh(secrets[0], new Uint8Array(32))[0], false);
}

function checkSignature(ed25519) {
  const key = privateKey('70', secrets[0]);
  const [publicKey] = ed25519.secret_to_public(secrets[0]);
  const [signature] = ed25519.sign(secrets[0], message);
  assert.equal(hex(publicKey), hex(rawPublicKey(key)));
  assert.equal(hex(signature), hex(sign(null, message, key)));
  assert.deepEqual(ed25519.verify(publicKey, message, signature), [true]);
  signature[7] ^= 1;
  assert.deepEqual(ed25519.verify(publicKey, message, signature), [false]);
}
