// Exceptions of JavaScript pass through wasm frames unchanged.
// https://webassembly.github.io/spec/js-api/#run-a-host-function

import assert from 'node:assert/strict';
import { both } from '../helpers/both.mjs';
import { instanceOf } from '../helpers/wat.mjs';

const VALUES = [
  new Error('x'),
  new RangeError('y'),
  {},
  undefined,
  null,
  0,
  '',
  'text',
  7n,
  Symbol('s'),
  () => {},
];

const CALLER = `(module (import "m" "f" (func $f (param i32) (result i32)))
  (global $after (export "after") (mut i32) (i32.const 0))
  (func $inner (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
  (func (export "call") (param i32) (result i32)
    (call $inner (local.get 0)) (global.set $after (i32.const 1))))`;

const caught = (f) => {
  try {
    f();
  } catch (error) {
    return [error];
  }
  return [];
};

both('the same value comes out, of whatever type', (WebAssembly) => {
  for (const value of VALUES) {
    const exports = instanceOf(WebAssembly, CALLER, {
      m: {
        f() {
          throw value;
        },
      },
    });
    const [error] = caught(() => exports.call(1));
    assert.ok(Object.is(error, value), String(value));
    assert.equal(exports.after.value, 0, 'wasm went on');
  }
});

both('an exception leaves its stack and properties alone', (WebAssembly) => {
  const error = Object.freeze(new Error('frozen'));
  const { stack } = error;
  const exports = instanceOf(WebAssembly, CALLER, {
    m: {
      f() {
        throw error;
      },
    },
  });
  assert.equal(caught(() => exports.call(1))[0], error);
  assert.equal(error.stack, stack);
});

both('through many levels of JavaScript and wasm', (WebAssembly) => {
  for (const value of VALUES) {
    let unwound = 0;
    const exports = instanceOf(WebAssembly, CALLER, {
      m: {
        f(depth) {
          if (depth === 0) throw value;
          try {
            return exports.call(depth - 1);
          } finally {
            unwound++;
          }
        },
      },
    });
    const [error] = caught(() => exports.call(20));
    assert.ok(Object.is(error, value));
    assert.equal(unwound, 20);
  }
});

both('an exception caught in between does not disturb the levels below', (WebAssembly) => {
  const exports = instanceOf(WebAssembly, CALLER, {
    m: {
      f(depth) {
        if (depth === 0) throw new Error('bottom');
        try {
          return exports.call(depth - 1);
        } catch (error) {
          if (depth % 3 !== 0) throw error;
          return depth;
        }
      },
    },
  });
  assert.equal(exports.call(11), 11 - 2 + 1 + 2);
  assert.equal(exports.call(9), 10);
  assert.throws(() => exports.call(2), /bottom/);
});

both('an exception in the conversion of a result', (WebAssembly) => {
  const error = new Error('conversion');
  const exports = instanceOf(WebAssembly, CALLER, {
    m: {
      f: () => ({
        valueOf() {
          throw error;
        },
      }),
    },
  });
  assert.equal(caught(() => exports.call(1))[0], error);
  const big = instanceOf(WebAssembly, CALLER, { m: { f: () => 7n } });
  assert.throws(() => big.call(1), TypeError);
});

both('a trap passes through JavaScript frames as the same object', (WebAssembly) => {
  const seen = [];
  const { call } = instanceOf(WebAssembly, CALLER, {
    m: {
      f() {
        try {
          return trap();
        } catch (error) {
          seen.push(error);
          throw error;
        }
      },
    },
  });
  const { trap } = instanceOf(WebAssembly, '(module (func (export "trap") (result i32) unreachable))');
  const [error] = caught(() => call(1));
  assert.ok(error instanceof WebAssembly.RuntimeError);
  assert.deepEqual(seen, [error]);
});

both('errors thrown by an import show the wasm caller in no worse way than none', (WebAssembly) => {
  const exports = instanceOf(WebAssembly, CALLER, {
    m: {
      f: function thrower() {
        throw new Error('stack');
      },
    },
  });
  const [error] = caught(function starter() {
    exports.call(1);
  });
  assert.match(error.stack, /^Error: stack\n +at (\S+\.)?thrower /);
  assert.match(error.stack, /at starter /);
});

both('thousands of exceptions', (WebAssembly) => {
  const error = new Error('again');
  const exports = instanceOf(WebAssembly, CALLER, {
    m: {
      f(n) {
        if (n % 2) throw error;
        return n;
      },
    },
  });
  let count = 0;
  for (let n = 0; n < 20_000; n++) {
    if (caught(() => assert.equal(exports.call(n), n + 1))[0] === error) count++;
  }
  assert.equal(count, 10_000);
});
