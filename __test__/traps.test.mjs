// Traps: their class and message, the wasm frames in their stacks, and what goes on afterwards.

import assert from 'node:assert/strict';
import { both, gantryOnly } from './helpers/both.mjs';
import { instanceOf } from './helpers/wat.mjs';

/** For each reason of the specification, what traps so, and the words that Node's own engine has for it. */
const REASONS = [
  ['unreachable', 'unreachable', ''],
  ['memory access out of bounds', '(drop (i32.load (i32.const 65533)))', '(memory 1)'],
  ['memory access out of bounds', '(i64.store offset=0xffffffff (i32.const -1) (i64.const 1))', '(memory 1)'],
  ['memory access out of bounds', '(drop (v128.load (i32.const 65521)))', '(memory 1)'],
  [
    'memory access out of bounds',
    '(memory.fill (i32.const 0) (i32.const 1) (i32.const 65537))',
    '(memory 1)',
  ],
  [
    'memory access out of bounds',
    '(memory.copy (i32.const 1) (i32.const 0) (i32.const 65536))',
    '(memory 1)',
  ],
  [
    'memory access out of bounds',
    '(memory.init 0 (i32.const 0) (i32.const 2) (i32.const 2))',
    '(memory 1) (data "abc")',
  ],
  ['table index is out of bounds', '(drop (table.get (i32.const 5)))', '(table 5 funcref)'],
  ['table index is out of bounds', '(table.set (i32.const -1) (ref.null func))', '(table 5 funcref)'],
  [
    'table index is out of bounds',
    '(table.fill (i32.const 4) (ref.null func) (i32.const 2))',
    '(table 5 funcref)',
  ],
  ['table index is out of bounds', '(call_indirect (i32.const 5))', '(table 5 funcref)'],
  ['null function or function signature mismatch', '(call_indirect (i32.const 0))', '(table 5 funcref)'],
  [
    'null function or function signature mismatch',
    '(call_indirect (i32.const 0))',
    '(table 5 funcref) (elem (i32.const 0) $f) (func $f (param i32))',
  ],
  ['divide by zero', '(drop (i32.div_s (i32.const 1) (i32.const 0)))', ''],
  ['divide by zero', '(drop (i64.div_u (i64.const 1) (i64.const 0)))', ''],
  ['remainder by zero', '(drop (i32.rem_s (i32.const 1) (i32.const 0)))', ''],
  ['remainder by zero', '(drop (i64.rem_u (i64.const 1) (i64.const 0)))', ''],
  ['divide result unrepresentable', '(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))', ''],
  ['divide result unrepresentable', '(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))', ''],
  ['float unrepresentable in integer range', '(drop (i32.trunc_f64_s (f64.const 3e9)))', ''],
  ['float unrepresentable in integer range', '(drop (i64.trunc_f32_u (f32.const nan)))', ''],
];

/** What the built-in engine says differs a little between versions and instructions. */
const ALSO = {
  'null function or function signature mismatch': /function signature mismatch/,
  'table index is out of bounds': /table (index|access|or|element)|out of bounds|element segment/,
};

const caught = (f) => {
  try {
    f();
  } catch (error) {
    return error;
  }
  return assert.fail('did not throw');
};

for (const [message, code, fields] of REASONS) {
  both(`${message}: ${code} ${fields}`, (WebAssembly, engine) => {
    const { f } = instanceOf(WebAssembly, `(module ${fields} (func $trapping (export "f") ${code}))`);
    for (let round = 0; round < 3; round++) {
      const error = caught(f);
      assert.ok(error instanceof WebAssembly.RuntimeError);
      if (engine === 'gantry') assert.equal(error.message, message);
      else assert.match(error.message, ALSO[message] ?? new RegExp(message));
      assert.match(
        error.stack,
        /^RuntimeError: .*\n {4}at (\S+\.)?trapping \(wasm:\/\/wasm\/\S+:wasm-function\[\d+\]:0x[0-9a-f]+\)/,
      );
    }
  });
}

const NESTED = `(module $nested
  (import "m" "f" (func $f (param i32)))
  (func $inner (param i32) (drop (i32.div_s (i32.const 1) (local.get 0))) (call $f (local.get 0)))
  (func $middle (param i32) (call $inner (local.get 0)) (nop))
  (func (export "outer") (param i32) (call $middle (local.get 0)) (nop)))`;

const frames = (stack) => [
  ...stack.matchAll(/at (?:(\S+) \()?wasm:\/\/wasm\/\S*:wasm-function\[(\d+)\]:0x([0-9a-f]+)/g),
];

both('the stack has the wasm frames, innermost first, and those of JavaScript below', (WebAssembly) => {
  const { outer } = instanceOf(WebAssembly, NESTED, { m: { f() {} } });
  const { stack } = caught(function fromJavaScript() {
    outer(0);
  });
  const found = frames(stack);
  assert.deepEqual(
    found.map((frame) => Number(frame[2])),
    [1, 2, 3],
  );
  assert.match(found[0][1], /inner$/);
  assert.match(found[1][1], /middle$/);
  assert.ok(stack.indexOf('fromJavaScript') > found[2].index);
  assert.match(stack, /traps\.test\.mjs:\d+:\d+/);
});

both('offsets in the stack are those of the instructions in the module', (WebAssembly) => {
  const bytes = (error) => frames(error.stack).map((frame) => parseInt(frame[3], 16));
  const { outer } = instanceOf(WebAssembly, NESTED, { m: { f() {} } });
  expected ??= bytes(caught(() => outer(0)));
  assert.deepEqual(bytes(caught(() => outer(0))), expected);
});
// Gantry's are remembered, and the built-in engine's compared with them.
let expected;

both('a function without a name is shown by its index', (WebAssembly) => {
  const { f } = instanceOf(WebAssembly, '(module (func) (func (export "f") unreachable))');
  assert.match(caught(f).stack, /wasm:\/\/wasm\/\S+:wasm-function\[1\]:0x/);
});

both('a trap under several levels of JavaScript and wasm', (WebAssembly) => {
  const exports = instanceOf(WebAssembly, NESTED, { m: { f: (n) => exports.outer(n - 1) } });
  for (let round = 0; round < 100; round++) {
    const error = caught(() => exports.outer(10));
    assert.ok(error instanceof WebAssembly.RuntimeError);
    assert.match(error.stack, /inner .*wasm-function\[1\]/);
  }
  let traps = 0;
  const catching = instanceOf(WebAssembly, NESTED, {
    m: {
      f(n) {
        try {
          catching.outer(n - 1);
        } catch (error) {
          assert.ok(error instanceof WebAssembly.RuntimeError);
          traps++;
        }
      },
    },
  });
  catching.outer(10);
  assert.equal(traps, 1);
});

both('Error.stackTraceLimit and Error.prepareStackTrace do not break traps', (WebAssembly) => {
  const { outer } = instanceOf(WebAssembly, NESTED, { m: { f() {} } });
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    for (const limit of [0, 1, 2, Infinity, undefined, 'x']) {
      Error.stackTraceLimit = limit;
      assert.ok(caught(() => outer(0)) instanceof WebAssembly.RuntimeError);
    }
    Error.stackTraceLimit = stackTraceLimit;
    Error.prepareStackTrace = (error, sites) => ({ sites });
    assert.ok(Array.isArray(caught(() => outer(0)).stack.sites));
  } finally {
    Object.assign(Error, { stackTraceLimit, prepareStackTrace });
  }
});

both('state written before a trap stays', (WebAssembly) => {
  const { f, g, m } = instanceOf(
    WebAssembly,
    `(module (memory (export "m") 1) (global (export "g") (mut i32) (i32.const 0))
      (func (export "f") (global.set 0 (i32.const 5)) (i32.store8 (i32.const 0) (i32.const 6))
        (i32.store (i32.const 65534) (i32.const -1))))`,
  );
  caught(f);
  assert.equal(g.value, 5);
  assert.equal(new Uint8Array(m.buffer)[0], 6);
  assert.deepEqual([...new Uint8Array(m.buffer, 65532)], [0, 0, 0, 0], 'a part of the store');
});

gantryOnly('a trap in the start function has frames too', 'the same', (WebAssembly) => {
  const error = caught(() =>
    instanceOf(WebAssembly, '(module (func $starting unreachable) (start $starting))'),
  );
  assert.match(error.stack, /starting \(wasm:/);
  assert.match(error.stack, /traps\.test\.mjs/);
});

both('100,000 traps', (WebAssembly) => {
  const { f } = instanceOf(
    WebAssembly,
    '(module (func (export "f") (param i32) (drop (i32.div_s (i32.const 1) (local.get 0)))))',
  );
  let traps = 0;
  for (let n = 0; n < 100_000; n++) {
    try {
      f(n & 1);
    } catch {
      traps++;
    }
  }
  assert.equal(traps, 50_000);
});
