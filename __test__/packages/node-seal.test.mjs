// node-seal: Microsoft SEAL, C++ with exceptions built by Emscripten. Arithmetic on encrypted numbers; errors of C++ are exceptions
// of wasm that JavaScript catches.

import assert from 'node:assert/strict';
import { packageTest } from '../helpers/package.mjs';

packageTest(import.meta, 'node-seal', async (used) => {
  const { default: load } = await import('node-seal');
  const seal = await load();
  const parameters = new seal.EncryptionParameters(seal.SchemeType.bfv);
  parameters.setPolyModulusDegree(4096);
  parameters.setCoeffModulus(seal.CoeffModulus.BFVDefault(4096, seal.SecLevelType.tc128));
  parameters.setPlainModulus(seal.PlainModulus.Batching(4096, 20));
  const context = new seal.SEALContext(parameters, true, seal.SecLevelType.tc128);
  const keys = new seal.KeyGenerator(context);
  const encryptor = new seal.Encryptor(context, keys.createPublicKey());
  const decryptor = new seal.Decryptor(context, keys.secretKey());
  const encoder = new seal.BatchEncoder(context);
  const evaluator = new seal.Evaluator(context);

  const numbers = BigInt64Array.from([3n, -4n, 1000n, 0n, -1n]);
  const plain = new seal.Plaintext();
  const encrypted = new seal.Ciphertext(context);
  const sum = new seal.Ciphertext(context);
  encoder.encode(numbers, plain);
  encryptor.encrypt(plain, encrypted);
  evaluator.add(encrypted, encrypted, sum);
  evaluator.addInplace(sum, encrypted);
  const decrypted = new seal.Plaintext();
  decryptor.decrypt(sum, decrypted);
  const result = [...encoder.decodeBigInt64(decrypted)].slice(0, numbers.length);
  assert.deepEqual(result, [9n, -12n, 3000n, 0n, -3n]);

  for (let i = 0; i < 3; i++) {
    assert.throws(
      () => new seal.Encryptor(context, new seal.PublicKey()),
      (error) => {
        assert.ok(error instanceof WebAssembly.Exception);
        assert.match(String(error.message), /public key is not valid/);
        return true;
      },
    );
  }
  assert.ok(used.compiled.some((size) => size > 100_000));
});
