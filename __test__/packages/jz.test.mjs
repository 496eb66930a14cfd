// jz: a compiler from JavaScript to wasm, whose output uses tail calls.

import assert from 'node:assert/strict';
import { packageTest } from '../helpers/package.mjs';

packageTest(import.meta, 'jz', async () => {
  const { default: jz } = await import('jz');
  const { exports } = jz`
    export let hypotenuse = (a, b) => (a*a + b*b) ** 0.5;
    export let gcd = (a, b) => b == 0 ? a : gcd(b, a % b);
    export let sum = (n, s) => n == 0 ? s : sum(n - 1, s + n)`;
  assert.equal(exports.hypotenuse(5, 12), 13);
  assert.equal(exports.gcd(1071, 462), 21);
  assert.equal(exports.sum(1_000_000, 0), 500_000_500_000);
});
