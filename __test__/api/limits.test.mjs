// The limits of the JS API, one after the other: what is at the limit compiles, what is beyond does not.
// https://webassembly.github.io/spec/js-api/#limits

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binary, bytes, Id, leb, list, repeated, section } from '../helpers/binary.mjs';
import { both, engines } from '../helpers/both.mjs';
import { instanceOf } from '../helpers/wat.mjs';

const { gantry: WebAssembly } = engines;

const EMPTY_FUNC = bytes(0x60, 0, 0);
const types = (...all) => section(Id.TYPE, leb(all.length), ...all);
const EMPTY_BODY = bytes(2, 0, 0x0b);
const I32 = 0x7f;

/** A module with one function of these bytes: its size without them is 2 (no locals, end). */
const withBody = (body) =>
  binary(types(EMPTY_FUNC), section(Id.FUNCTION, 1, 0), section(Id.CODE, 1, leb(body.length), body));

const locals = (count) => withBody(bytes(1, leb(count), I32, 0x0b));
const text = (string) => bytes(leb(string.length), Buffer.from(string));

/** A chain of types, each a subtype of the one before: the last has this depth. */
const subtypes = (depth) =>
  binary(
    section(
      Id.TYPE,
      list(depth + 1, (i) => (i === 0 ? [0x50, 0, 0x5f, 0] : [0x50, 1, ...leb(i - 1), 0x5f, 0])),
    ),
  );

const LIMITS = {
  types: [1_000_000, (n) => binary(section(Id.TYPE, repeated(n, EMPTY_FUNC)))],
  'recursion groups': [1_000_000, (n) => binary(section(Id.TYPE, repeated(n, bytes(0x4e, 1, EMPTY_FUNC))))],
  'types in a recursion group': [
    1_000_000,
    (n) => binary(section(Id.TYPE, 1, 0x4e, repeated(n, EMPTY_FUNC))),
  ],
  'depth of subtypes': [63, subtypes],
  functions: [
    1_000_000,
    (n) =>
      binary(
        types(EMPTY_FUNC),
        section(Id.FUNCTION, repeated(n, 0)),
        section(Id.CODE, repeated(n, EMPTY_BODY)),
      ),
    'validate',
  ],
  imports: [1_000_000, (n) => binary(section(Id.IMPORT, repeated(n, [0, 0, 3, I32, 0]))), 'validate'],
  'imported functions': [
    1_000_000,
    (n) => binary(types(EMPTY_FUNC), section(Id.IMPORT, repeated(n, [0, 0, 0, 0]))),
  ],
  'imported functions with parameters': [
    1_000_000,
    (n) => binary(types(bytes(0x60, repeated(9, I32), 0)), section(Id.IMPORT, repeated(n, [0, 0, 0, 0]))),
    'validate',
  ],
  'imported tags': [
    1_000_000,
    (n) => binary(types(EMPTY_FUNC), section(Id.IMPORT, repeated(n, [0, 0, 4, 0, 0]))),
    'validate',
  ],
  'imported and own functions': [
    1_000_000,
    (n) =>
      binary(
        types(EMPTY_FUNC),
        section(Id.IMPORT, repeated(n - 1, [0, 0, 0, 0])),
        section(Id.FUNCTION, 1, 0),
        section(Id.CODE, 1, EMPTY_BODY),
      ),
    'validate',
  ],
  // The validator counts these, and begins with 1.
  'imported globals that hold references': [
    999_998,
    (n) => binary(section(Id.IMPORT, repeated(n, [0, 0, 3, 0x6f, 0]))),
    'validate',
  ],
  exports: [
    1_000_000,
    (n) =>
      binary(
        section(Id.GLOBAL, 1, I32, 0, 0x41, 0, 0x0b),
        section(
          Id.EXPORT,
          list(n, (i) => [...text(`${i}`), 3, 0]),
        ),
      ),
    'validate',
  ],
  'exported functions': [
    1_000_000,
    (n) =>
      binary(
        types(EMPTY_FUNC),
        section(Id.FUNCTION, 1, 0),
        section(
          Id.EXPORT,
          list(n, (i) => [...text(`${i}`), 0, 0]),
        ),
        section(Id.CODE, 1, EMPTY_BODY),
      ),
  ],
  globals: [1_000_000, (n) => binary(section(Id.GLOBAL, repeated(n, [I32, 0, 0x41, 0, 0x0b]))), 'validate'],
  tags: [1_000_000, (n) => binary(types(EMPTY_FUNC), section(Id.TAG, repeated(n, [0, 0]))), 'validate'],
  'data segments': [100_000, (n) => binary(section(Id.DATA, repeated(n, [1, 0])))],
  tables: [100_000, (n) => binary(section(Id.TABLE, repeated(n, [0x70, 0, 0])))],
  'imported tables': [100_000, (n) => binary(section(Id.IMPORT, repeated(n, [0, 0, 1, 0x70, 0, 0])))],
  'size of a table': [10_000_000, (n) => binary(section(Id.TABLE, 1, 0x70, 0, leb(n)))],
  'size of a table with 64-bit addresses': [10_000_000, (n) => binary(section(Id.TABLE, 1, 0x70, 4, leb(n)))],
  'elements of a segment': [
    10_000_000,
    (n) =>
      binary(
        types(EMPTY_FUNC),
        section(Id.FUNCTION, 1, 0),
        section(Id.ELEMENT, 1, 1, 0, repeated(n, 0)),
        section(Id.CODE, 1, EMPTY_BODY),
      ),
    'validate',
  ],
  memories: [100, (n) => binary(section(Id.MEMORY, repeated(n, [0, 0])))],
  'imported memories': [100, (n) => binary(section(Id.IMPORT, repeated(n, [0, 0, 2, 0, 0])))],
  'minimum of a memory': [65536, (n) => binary(section(Id.MEMORY, 1, 0, leb(n)))],
  'maximum of a memory': [65536, (n) => binary(section(Id.MEMORY, 1, 1, 0, leb(n)))],
  'minimum of a memory with 64-bit addresses': [2 ** 37 - 1, (n) => binary(section(Id.MEMORY, 1, 4, leb(n)))],
  'maximum of a memory with 64-bit addresses': [
    2 ** 37 - 1,
    (n) => binary(section(Id.MEMORY, 1, 5, 0, leb(n))),
  ],
  parameters: [1000, (n) => binary(types(bytes(0x60, repeated(n, I32), 0)))],
  results: [1000, (n) => binary(types(bytes(0x60, 0, repeated(n, I32))))],
  'parameters of a block': [1000, (n) => binary(types(EMPTY_FUNC, bytes(0x60, repeated(n, I32), 0)))],
  'size of a function': [7_654_321, (n) => withBody(bytes(0, new Uint8Array(n - 2).fill(1), 0x0b))],
  locals: [50_000, locals],
  'parameters and locals': [
    50_000,
    (n) =>
      binary(
        types(bytes(0x60, 2, I32, I32, 0)),
        section(Id.FUNCTION, 1, 0),
        section(Id.CODE, 1, leb(leb(n - 2).length + 3), 1, leb(n - 2), I32, 0x0b),
      ),
  ],
  'fields of a struct': [10_000, (n) => binary(types(bytes(0x5f, repeated(n, [I32, 0]))))],
  'operands of array.new_fixed': [
    10_000,
    (n) => {
      const constants = new Uint8Array(2 * n);
      for (let i = 0; i < n; i++) constants[2 * i] = 0x41;
      const body = bytes(0, constants, 0xfb, 8, 1, leb(n), 0x1a, 0x0b);
      return binary(
        types(EMPTY_FUNC, bytes(0x5e, I32, 0)),
        section(Id.FUNCTION, 1, 0),
        section(Id.CODE, 1, leb(body.length), body),
      );
    },
  ],
};

for (const [name, [limit, make, only]] of Object.entries(LIMITS)) {
  test(`${name}: ${limit}`, async () => {
    const least = make(name === 'size of a function' ? 2 : name === 'parameters and locals' ? 3 : 1);
    assert.equal(WebAssembly.validate(least), true, 'one');
    const most = make(limit);
    assert.equal(WebAssembly.validate(most), true, 'the limit');
    if (only !== 'validate') assert.ok(new WebAssembly.Module(most));
    const beyond = make(limit + 1);
    assert.equal(WebAssembly.validate(beyond), false, 'beyond');
    assert.throws(() => new WebAssembly.Module(beyond), WebAssembly.CompileError);
    await assert.rejects(WebAssembly.compile(beyond), WebAssembly.CompileError);
  });
}

test('the size of a module: 1 GiB', () => {
  const limit = 2 ** 30;
  const module = (size) => {
    const length = size - 8 - 1 - 5;
    const whole = new Uint8Array(size);
    whole.set(binary([0, ...leb(length)]));
    return whole;
  };
  assert.equal(WebAssembly.validate(module(limit)), true);
  assert.equal(WebAssembly.validate(module(limit + 1)), false);
  assert.throws(() => new WebAssembly.Module(module(limit + 1)), WebAssembly.CompileError);
});

both('memories: 65536 pages, with 64-bit addresses 262144', ({ Memory }) => {
  assert.ok(new Memory({ initial: 0, maximum: 65536 }));
  for (const descriptor of [{ initial: 65537 }, { initial: 0, maximum: 65537 }]) {
    assert.throws(() => new Memory(descriptor), RangeError);
  }
  const memory = new Memory({ initial: 1 });
  assert.throws(() => memory.grow(65536), RangeError);
  assert.throws(() => memory.grow(0xffffffff), RangeError);
});

test('memories with 64-bit addresses: their maximum may be larger than what can be had', () => {
  const { Memory } = WebAssembly;
  const limit = 2n ** 37n - 1n;
  const memory = new Memory({ address: 'i64', initial: 1n, maximum: limit });
  assert.throws(() => memory.grow(262144n), RangeError);
  assert.equal(memory.grow(1n), 1n);
  assert.throws(() => new Memory({ address: 'i64', initial: 0n, maximum: limit + 1n }), RangeError);
  assert.throws(() => new Memory({ address: 'i64', initial: 262145n }), RangeError);
});

both('tables: 10,000,000 elements', ({ Table }) => {
  const element = 'anyfunc';
  assert.throws(() => new Table({ element, initial: 10_000_001 }), RangeError);
  const table = new Table({ element, initial: 1, maximum: 10_000_001 });
  assert.throws(() => table.grow(10_000_000), RangeError);
  assert.equal(table.length, 1);
  assert.ok(new Table({ element, initial: 0, maximum: 0xffffffff }));
});

test('tables with 64-bit addresses: the same', () => {
  const { Table } = WebAssembly;
  const options = { element: 'anyfunc', address: 'i64' };
  assert.throws(() => new Table({ ...options, initial: 10_000_001n }), RangeError);
  const table = new Table({ ...options, initial: 1n, maximum: 2n ** 64n - 1n });
  assert.throws(() => table.grow(10_000_000n), RangeError);
});

both('growing in wasm beyond a limit gives -1', (WebAssembly) => {
  const { table, memory } = instanceOf(
    WebAssembly,
    `(module (table 1 funcref) (memory 1)
      (func (export "table") (result i32) (table.grow (ref.null func) (i32.const 10000000)))
      (func (export "memory") (result i32) (memory.grow (i32.const 65536))))`,
  );
  assert.deepEqual([table(), memory()], [-1, -1]);
});

test('a memory that is too large at instantiation is a RangeError', () => {
  const module = new WebAssembly.Module(binary(section(Id.MEMORY, 1, 4, leb(2 ** 30))));
  assert.throws(() => new WebAssembly.Instance(module), RangeError);
});

// br 0; call 0; br_table that decides nothing
for (const [what, last] of Object.entries({
  branch: [0x0c, 0],
  call: [0x10, 0],
  br_table: [0x41, 0, 0x0e, 1, 0, 0],
})) {
  test(`300,000 blocks in each other, with a ${what} in each, are optimised in seconds`, () => {
    const DEPTH = 300_000;
    const times = (item) => repeated(DEPTH, item).subarray(leb(DEPTH).length);
    const module = withBody(bytes(0, times([0x02, 0x40]), times([...last, 0x0b]), 0x0b));
    const started = performance.now();
    new WebAssembly.Module(module, { tier: 'optimized' });
    // Where each looks at all around it, it is more than a minute.
    assert.ok(performance.now() - started < 30_000);
  });
}

/** Large enough to be compiled by other threads. */
const large = (last) => binary(section(Id.CUSTOM, text('large'), new Uint8Array(500_000)), last);

test('a large module is compiled as it was when compile() was called', async () => {
  const module = large(types(EMPTY_FUNC));
  const compiling = WebAssembly.compile(module);
  module.fill(0xff);
  assert.ok((await compiling) instanceof WebAssembly.Module);
});

test('a large module that is invalid is rejected as a small one is', async () => {
  const invalid = bytes(Id.TYPE, 1, 5);
  const reason = async (module) => {
    const error = await WebAssembly.compile(module).catch((error) => error);
    assert.ok(error instanceof WebAssembly.CompileError, `${error}`);
    assert.throws(() => new WebAssembly.Module(module), WebAssembly.CompileError);
    return error.message.replace(/0x[0-9a-f]+/, 'N');
  };
  assert.equal(await reason(large(invalid)), await reason(binary(invalid)));
});

test('each of a thousand signatures has functions of its own, in both directions', () => {
  const SIGNATURES = 1000;
  const KINDS = [I32, 0x7c];
  // The binary digits of a number that has a leading one.
  const paramsOf = (n) => [...(n + SIGNATURES).toString(2)].map((digit) => KINDS[digit]);
  const all = Array.from({ length: SIGNATURES }, (_, n) => paramsOf(n));
  const body = (n) => {
    const code = bytes(0, ...all[n].map((_, i) => [0x20, i]), 0x10, leb(n), 0x0b);
    return bytes(leb(code.length), code);
  };
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(
      binary(
        types(...all.map((params) => bytes(0x60, params.length, params, 1, 0x7c))),
        section(
          Id.IMPORT,
          list(SIGNATURES, (n) => [...text('host'), ...text('sum'), 0, ...leb(n)]),
        ),
        section(
          Id.FUNCTION,
          list(SIGNATURES, (n) => leb(n)),
        ),
        section(
          Id.EXPORT,
          list(SIGNATURES, (n) => [...text(`${n}`), 0, ...leb(SIGNATURES + n)]),
        ),
        section(
          Id.CODE,
          list(SIGNATURES, (n) => [...body(n)]),
        ),
      ),
    ),
    { host: { sum: (...values) => values.reduce((sum, value, i) => sum + value * (i + 1), 0) } },
  );
  for (let n = 0; n < SIGNATURES; n++) {
    const values = all[n].map((kind, i) => (kind === I32 ? -i : i + 0.5));
    const expected = values.reduce((sum, value, i) => sum + value * (i + 1), 0);
    assert.equal(exports[n](...values), expected, `${n}`);
  }
});
