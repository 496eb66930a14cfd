// The class WASI: options, errors and life cycle, as node:wasi has them.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { WASI, WebAssembly } from 'gantry-wasm';
import { wat } from '../helpers/wat.mjs';

const IMPORTS = `
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`;

const instantiate = (wasi, body) =>
  new WebAssembly.Instance(
    new WebAssembly.Module(wat(`(module ${IMPORTS} ${body})`)),
    wasi.getImportObject(),
  );

/** A program that writes the bytes from 8 to 14 to standard output. */
const HELLO = `(memory (export "memory") 1) (data (i32.const 8) "hello\\n")
  (func $hello (result i32)
    (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const 6))
    (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))`;

/** Runs `work` with a descriptor, and gives what was written to it. */
function captured(work) {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-wasi-')), 'out');
  const fd = fs.openSync(file, 'w');
  try {
    work(fd);
    return fs.readFileSync(file, 'utf8');
  } finally {
    fs.closeSync(fd);
    fs.rmSync(path.dirname(file), { recursive: true });
  }
}

describe('constructor', () => {
  const wrong = [
    ['no version', {}, 'ERR_INVALID_ARG_TYPE'],
    ['an unknown version', { version: 'preview3' }, 'ERR_INVALID_ARG_VALUE'],
    ['args that are no array', { version: 'preview1', args: 'a' }, 'ERR_INVALID_ARG_TYPE'],
    ['an environment that is no object', { version: 'preview1', env: null }, 'ERR_INVALID_ARG_TYPE'],
    ['preopens that are no object', { version: 'preview1', preopens: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['a descriptor of a wrong type', { version: 'preview1', stdout: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    ['a negative descriptor', { version: 'preview1', stdin: -1 }, 'ERR_OUT_OF_RANGE'],
    ['a descriptor that is not open', { version: 'preview1', stdout: 999_999 }, 'EBADF'],
    ['returnOnExit of a wrong type', { version: 'preview1', returnOnExit: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [
      'a directory that is not there',
      { version: 'preview1', preopens: { '/': '/nowhere/at/all' } },
      'ENOENT',
    ],
    [
      'a file as a directory',
      { version: 'preview1', preopens: { '/': import.meta.filename ?? process.argv[1] } },
      'ENOTDIR',
    ],
    [
      'a tree with a path as a name',
      { version: 'preview1', preopens: { '/': { 'a/b': '' } } },
      'ERR_INVALID_ARG_VALUE',
    ],
    [
      'a tree with a number in it',
      { version: 'preview1', preopens: { '/': { a: 1 } } },
      'ERR_INVALID_ARG_TYPE',
    ],
  ];
  for (const [what, options, code] of wrong) {
    test(`${what}: ${code}`, () => assert.throws(() => new WASI(options), { code }));
  }

  test('options that are no object', () => {
    assert.throws(() => new WASI(null), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => new WASI(), { code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('the import object has the name of the version and all 46 functions', () => {
    for (const [version, name] of [
      ['preview1', 'wasi_snapshot_preview1'],
      ['unstable', 'wasi_unstable'],
    ]) {
      const wasi = new WASI({ version });
      const imports = wasi.getImportObject();
      assert.deepEqual(Object.keys(imports), [name]);
      assert.equal(imports[name], wasi.wasiImport);
      assert.ok(Object.keys(wasi.wasiImport).length >= 45);
      for (const [key, func] of Object.entries(wasi.wasiImport)) assert.equal(func.name, key);
    }
  });
});

describe('start', () => {
  test('gives the exit code, 0 for a program that returns', () => {
    for (const [body, code] of [
      ['', 0],
      ['(call $exit (i32.const 0))', 0],
      ['(call $exit (i32.const 42))', 42],
    ]) {
      const wasi = new WASI({ version: 'preview1' });
      const instance = instantiate(wasi, `(memory (export "memory") 1) (func (export "_start") ${body})`);
      assert.equal(wasi.start(instance), code);
    }
  });

  test('passes what a program throws', () => {
    const wasi = new WASI({ version: 'preview1' });
    const instance = instantiate(wasi, '(memory (export "memory") 1) (func (export "_start") unreachable)');
    assert.throws(() => wasi.start(instance), WebAssembly.RuntimeError);
  });

  test('once', () => {
    const wasi = new WASI({ version: 'preview1' });
    const instance = instantiate(wasi, '(memory (export "memory") 1) (func (export "_start"))');
    wasi.start(instance);
    assert.throws(() => wasi.start(instance), { code: 'ERR_WASI_ALREADY_STARTED' });
    assert.throws(() => wasi.initialize(instance), { code: 'ERR_WASI_ALREADY_STARTED' });
  });

  test('an instance without memory or _start, or with _initialize', () => {
    const start = (body) => {
      const wasi = new WASI({ version: 'preview1' });
      return () => wasi.start(instantiate(wasi, body));
    };
    const memory = '(memory (export "memory") 1)';
    const code = 'ERR_INVALID_ARG_TYPE';
    assert.throws(start('(func (export "_start"))'), { code });
    assert.throws(start(memory), { code });
    assert.throws(start(`${memory} (func (export "_start")) (func (export "_initialize"))`), { code });
    assert.throws(() => new WASI({ version: 'preview1' }).start(), { code });
  });

  test('a function that is called before says so, from wasm and from JavaScript', () => {
    const wasi = new WASI({ version: 'preview1' });
    const { exports } = instantiate(wasi, `${HELLO} (export "hello" (func $hello))`);
    assert.throws(() => exports.hello(), { code: 'ERR_WASI_NOT_STARTED' });
    assert.throws(() => wasi.wasiImport.fd_write(1, 0, 1, 20), { code: 'ERR_WASI_NOT_STARTED' });
  });
});

describe('initialize', () => {
  test('calls _initialize if there is one', () => {
    const wasi = new WASI({ version: 'preview1' });
    const instance = instantiate(
      wasi,
      `(memory (export "memory") 1) (global $g (export "g") (mut i32) (i32.const 0))
       (func (export "_initialize") (global.set $g (i32.const 5)))`,
    );
    wasi.initialize(instance);
    assert.equal(instance.exports.g.value, 5);
  });

  test('not for commands', () => {
    const wasi = new WASI({ version: 'preview1' });
    const instance = instantiate(wasi, '(memory (export "memory") 1) (func (export "_start"))');
    assert.throws(() => wasi.initialize(instance), { code: 'ERR_INVALID_ARG_TYPE' });
  });
});

describe('functions', () => {
  const ADDED = `${HELLO} (func (export "_start") (drop (call $hello)))`;

  test('write to the descriptor that was given', () => {
    const text = captured((stdout) => {
      const wasi = new WASI({ version: 'preview1', stdout });
      wasi.start(instantiate(wasi, ADDED));
    });
    assert.equal(text, 'hello\n');
  });

  test('can be called by JavaScript, on the same state', () => {
    const text = captured((stdout) => {
      const wasi = new WASI({ version: 'preview1', stdout });
      wasi.start(instantiate(wasi, ADDED));
      assert.equal(wasi.wasiImport.fd_write(1, 0, 1, 20), 0);
      assert.equal(wasi.wasiImport.fd_write(99, 0, 1, 20), 8);
      assert.equal(wasi.wasiImport.fd_write(1), 28);
      assert.equal(wasi.wasiImport.fd_close(1), 0);
      assert.equal(wasi.wasiImport.fd_write(1, 0, 1, 20), 8);
    });
    assert.equal(text, 'hello\nhello\n');
  });

  test('can be wrapped and replaced one by one', () => {
    const calls = [];
    const text = captured((stdout) => {
      const wasi = new WASI({ version: 'preview1', stdout });
      const { fd_write: original } = wasi.wasiImport;
      wasi.wasiImport.fd_write = (...args) => {
        calls.push(args);
        return original(...args);
      };
      wasi.start(instantiate(wasi, ADDED));
    });
    assert.deepEqual(calls, [[1, 0, 1, 20]]);
    assert.equal(text, 'hello\n');
  });

  test('work for an instance of another engine', () => {
    const builtin = globalThis.WebAssembly;
    const text = captured((stdout) => {
      const wasi = new WASI({ version: 'preview1', stdout });
      const module = new builtin.Module(wat(`(module ${IMPORTS} ${ADDED})`));
      assert.equal(wasi.start(new builtin.Instance(module, wasi.getImportObject())), 0);
    });
    assert.equal(text, 'hello\n');
  });

  test('exported again they are functions of the program', () => {
    const text = captured((stdout) => {
      const wasi = new WASI({ version: 'preview1', stdout });
      const instance = instantiate(wasi, `${ADDED} (export "again" (func $fd_write))`);
      wasi.start(instance);
      assert.equal(instance.exports.again(1, 0, 1, 20), 0);
    });
    assert.equal(text, 'hello\nhello\n');
  });

  test('an address outside the memory is an error, not a crash', () => {
    const wasi = new WASI({ version: 'preview1' });
    wasi.start(instantiate(wasi, '(memory (export "memory") 1) (func (export "_start"))'));
    for (const address of [65_536, -1, 0x7fff_ffff]) {
      assert.equal(wasi.wasiImport.random_get(address, 16), 21);
      assert.equal(wasi.wasiImport.fd_write(1, address, 1, 0), 21);
    }
  });

  test('see a memory that has grown', () => {
    const wasi = new WASI({ version: 'preview1' });
    const instance = instantiate(
      wasi,
      `(memory (export "memory") 1)
       (func (export "_start"))
       (func (export "fill") (result i32)
         (drop (memory.grow (i32.const 1)))
         (call $random_get (i32.const 131000) (i32.const 32)))`,
    );
    wasi.start(instance);
    assert.equal(instance.exports.fill(), 0);
    assert.ok(new Uint8Array(instance.exports.memory.buffer, 131_000, 32).some((byte) => byte !== 0));
  });
});

describe('what makes programs repeatable', () => {
  const run = (options) => {
    const wasi = new WASI({ version: 'preview1', ...options });
    const instance = instantiate(
      wasi,
      `(memory (export "memory") 1)
       (func (export "_start")
         (drop (call $random_get (i32.const 0) (i32.const 32)))
         (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 32)))
         (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 40))))`,
    );
    wasi.start(instance);
    const view = new DataView(instance.exports.memory.buffer);
    return {
      random: Buffer.from(instance.exports.memory.buffer, 0, 32).toString('hex'),
      times: [view.getBigUint64(32, true), view.getBigUint64(40, true)],
    };
  };

  test('a seed', () => {
    assert.equal(run({ seed: 7n }).random, run({ seed: 7n }).random);
    assert.notEqual(run({ seed: 7n }).random, run({ seed: 8n }).random);
    assert.notEqual(run({}).random, run({}).random);
  });

  test('a clock', () => {
    const clock = { start: 1_000_000_000n, step: 5n };
    assert.deepEqual(run({ clock }).times, [1_000_000_000n, 1_000_000_005n]);
    const [first] = run({}).times;
    assert.ok(Math.abs(Number(first / 1_000_000n) - Date.now()) < 60_000);
  });
});
