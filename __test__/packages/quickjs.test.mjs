// quickjs-emscripten: a JavaScript engine in wasm, with calls between the two languages in both directions.

import assert from 'node:assert/strict';
import { packageTest, require, sizeOf } from '../helpers/package.mjs';

packageTest(import.meta, 'quickjs-emscripten', async (used) => {
  const { getQuickJS } = require('quickjs-emscripten');
  const QuickJS = await getQuickJS();
  assert.ok(
    used.compiled.includes(sizeOf('@jitl/quickjs-wasmfile-release-sync/dist/emscripten-module.wasm')),
  );

  const context = QuickJS.newContext();
  // QuickJS's own limit, well before the engine's: unwinding it by a trap would leave QuickJS's heap inconsistent.
  context.runtime.setMaxStackSize(128 * 1024);
  const evaluate = (code) => context.unwrapResult(context.evalCode(code)).consume((v) => context.dump(v));
  assert.deepEqual(evaluate(PROGRAM), {
    primes: 1229,
    sum: 5_736_396,
    sorted: 'cdeilnrsu',
    date: '2000-02-29T00:00:00.000Z',
    big: '2658455991569831745807614120560689152',
  });
  assert.equal(evaluate('/(?<y>\\d{4})-(\\d\\d)/u.exec("on 1999-12-31").groups.y'), '1999');
  assert.throws(() => evaluate('null.x'), /cannot read property 'x' of null/);
  assert.throws(() => evaluate('(function f() { return f() + 1 })()'), /stack overflow/);
  checkHostFunctions(context, evaluate);
  context.dispose();
});

const PROGRAM = `
  const sieve = new Uint8Array(10000).fill(1);
  sieve[0] = sieve[1] = 0;
  for (let i = 2; i * i < sieve.length; i++) if (sieve[i]) for (let j = i * i; j < sieve.length; j += i) sieve[j] = 0;
  const primes = [...sieve.keys()].filter((i) => sieve[i]);
  ({
    primes: primes.length,
    sum: primes.reduce((a, b) => a + b),
    sorted: [...new Set('unsliced ruins')].filter((c) => c > ' ').sort().join(''),
    date: new Date(Date.UTC(2000, 1, 29)).toISOString(),
    big: (2n ** 121n).toString(),
  })`;

function checkHostFunctions(context, evaluate) {
  const calls = [];
  const host = context.newFunction('host', (value) => {
    const number = context.getNumber(value);
    calls.push(number);
    if (number > 2) throw new RangeError('too big');
    return context.newNumber(number * 2);
  });
  context.setProp(context.global, 'host', host);
  host.dispose();
  assert.equal(evaluate('host(1) + host(2)'), 6);
  assert.equal(evaluate('try { host(3) } catch (e) { e.name + ": " + e.message }'), 'RangeError: too big');
  assert.deepEqual(calls, [1, 2, 3]);
}
