// CompileError, LinkError and RuntimeError are like the NativeErrors of ECMAScript.
// https://webassembly.github.io/spec/js-api/#error-objects

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { both } from '../helpers/both.mjs';

for (const name of ['CompileError', 'LinkError', 'RuntimeError']) {
  both(`${name}: constructor and prototype`, (WebAssembly) => {
    const constructor = WebAssembly[name];
    assert.equal(constructor.name, name);
    assert.equal(constructor.length, 1);
    assert.equal(Object.getPrototypeOf(constructor), Error);
    assert.equal(Object.getPrototypeOf(constructor.prototype), Error.prototype);
    assert.equal(Object.prototype.toString.call(constructor.prototype), '[object Object]');
    for (const [key, value] of Object.entries({ constructor, name, message: '' })) {
      assert.deepEqual(Object.getOwnPropertyDescriptor(constructor.prototype, key), {
        value,
        writable: true,
        enumerable: false,
        configurable: true,
      });
    }
  });

  both(`${name}: with and without new`, (WebAssembly) => {
    const constructor = WebAssembly[name];
    for (const error of [new constructor('text'), constructor('text')]) {
      assert.ok(error instanceof constructor);
      assert.ok(error instanceof Error);
      assert.equal(Object.getPrototypeOf(error), constructor.prototype);
      assert.equal(error.name, name);
      assert.equal(error.message, 'text');
      assert.equal(String(error), `${name}: text`);
      assert.equal(Object.prototype.toString.call(error), '[object Error]');
      assert.match(error.stack, new RegExp(`^${name}: text\n +at .*errors.test.mjs`));
      assert.match(inspect(error), new RegExp(name));
      assert.deepEqual(Object.keys(error), []);
    }
  });

  both(`${name}: message and cause`, (WebAssembly) => {
    const constructor = WebAssembly[name];
    assert.equal(Object.hasOwn(constructor(), 'message'), false);
    assert.equal(constructor().message, '');
    assert.equal(constructor(5).message, '5');
    assert.equal(constructor({ toString: () => 'converted' }).message, 'converted');
    assert.throws(() => constructor(Symbol.iterator), TypeError);
    for (const cause of [undefined, null, new Error('inner')]) {
      const error = new constructor('text', { cause });
      assert.deepEqual(Object.getOwnPropertyDescriptor(error, 'cause'), {
        value: cause,
        writable: true,
        enumerable: false,
        configurable: true,
      });
    }
    for (const options of [undefined, {}, null, 5]) {
      assert.equal(Object.hasOwn(new constructor('text', options), 'cause'), false);
    }
    assert.equal(new constructor(undefined, { cause: 1 }).cause, 1);
  });

  both(`${name}: subclasses`, (WebAssembly) => {
    class Mine extends WebAssembly[name] {
      extra = 1;
    }
    const error = new Mine('text');
    assert.ok(error instanceof Mine);
    assert.ok(error instanceof WebAssembly[name]);
    assert.equal(error.extra, 1);
    assert.equal(error.name, name);
  });
}

both('the engine throws these very classes', async (WebAssembly) => {
  const bad = Uint8Array.of(0, 97, 115, 109, 9);
  for (const attempt of [() => new WebAssembly.Module(bad), () => WebAssembly.compile(bad)]) {
    await assert.rejects(
      async () => attempt(),
      (error) => {
        assert.equal(Object.getPrototypeOf(error), WebAssembly.CompileError.prototype);
        assert.match(error.message, /^WebAssembly\.(Module|compile)\(\): /);
        return true;
      },
    );
  }
});
