// gantry run: programs, their input and output, and how they end.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { gantry, start, withFiles } from '../helpers/cli.mjs';
import { wat } from '../helpers/wat.mjs';

const program = (body) => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "proc_raise" (func $raise (param i32) (result i32)))
  (memory (export "memory") 4)
  ;; Writes bytes to standard output; gives the errno.
  (func $print (param $at i32) (param $len i32) (result i32)
    (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $len))
    (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
  ${body})`;

const HELLO = program(`(data (i32.const 1024) "hello\\n")
  (func (export "_start") (drop (call $print (i32.const 1024) (i32.const 6))))`);
const start_ = (body) => program(`(func (export "_start") ${body})`);

/** Prints what it is given, NULs included. */
const ARGS = start_(`
  (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
  (drop (call $args_get (i32.const 1024) (i32.const 8192)))
  (drop (call $print (i32.const 8192) (i32.load (i32.const 20))))`);
const ENV = start_(`
  (drop (call $environ_sizes_get (i32.const 16) (i32.const 20)))
  (drop (call $environ_get (i32.const 1024) (i32.const 8192)))
  (drop (call $print (i32.const 8192) (i32.load (i32.const 20))))`);

/** Copies standard input to standard output; exits with the errno of the write that failed, if one did. */
const CAT = program(`(func (export "_start") (local $errno i32)
  (i32.store (i32.const 16) (i32.const 65536)) (i32.store (i32.const 20) (i32.const 65536))
  loop $more
    (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
    (if (i32.load (i32.const 24)) (then
      (local.set $errno (call $print (i32.const 65536) (i32.load (i32.const 24))))
      (if (local.get $errno) (then (call $exit (local.get $errno))))
      (br $more)))
  end)`);

describe('programs', () => {
  test('text and binary, from files and standard input', async () => {
    await withFiles({ 'hello.wat': HELLO, 'hello.wasm': wat(HELLO) }, async (_, at) => {
      for (const file of ['hello.wat', 'hello.wasm']) {
        assert.deepEqual(await gantry(['run', at(file)]), {
          code: 0,
          signal: null,
          stdout: 'hello\n',
          stderr: '',
        });
      }
    });
    assert.equal((await gantry(['run', '-'], { input: HELLO })).stdout, 'hello\n');
    assert.equal((await gantry(['run', '-'], { input: wat(HELLO) })).stdout, 'hello\n');
  });

  test('arguments: all behind the file are the program’s', async () => {
    await withFiles({ 'args.wat': ARGS }, async (_, at) => {
      const { stdout } = await gantry(['run', at('args.wat'), '--env', 'x', '--', '-h']);
      assert.deepEqual(stdout.split('\0'), ['args.wat', '--env', 'x', '--', '-h', '']);
      const separated = await gantry(['run', at('args.wat'), '--', '--', '--env']);
      assert.deepEqual(separated.stdout.split('\0'), ['args.wat', '--', '--env', '']);
    });
  });

  test('environment: nothing unless it is given', async () => {
    await withFiles({ 'env.wat': ENV }, async (_, at) => {
      const env = { INHERITED: 'yes' };
      assert.equal((await gantry(['run', at('env.wat')], { env })).stdout, '');
      const args = ['run', '--env', 'A=1=2', '--env=INHERITED', '--env', 'NOT_THERE_AT_ALL', at('env.wat')];
      assert.deepEqual((await gantry(args, { env })).stdout.split('\0'), ['A=1=2', 'INHERITED=yes', '']);
    });
  });

  test('standard input: a pipe, a file', async () => {
    const text = 'x'.repeat(100_000);
    await withFiles({ 'cat.wat': CAT, 'in.txt': text }, async (_, at) => {
      assert.equal((await gantry(['run', at('cat.wat')], { input: text })).stdout, text);
      assert.equal((await gantry(['run', '--stdin', at('in.txt'), at('cat.wat')])).stdout, text);
    });
  });

  test('directories: only those that are given, for writing only if that is said', async () => {
    const create = program(`(data (i32.const 1024) "new.txt")
      (func (export "_start")
        (call $exit (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 7) (i32.const 1)
          (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8))))`);
    await withFiles({ 'create.wat': create }, async (folder, at) => {
      assert.equal((await gantry(['run', at('create.wat')])).code, 8, 'BADF');
      assert.equal((await gantry(['run', '--dir-ro', folder, at('create.wat')])).code, 69, 'ROFS');
      assert.equal(fs.existsSync(at('new.txt')), false);
      assert.equal((await gantry(['run', '--dir', `${folder}::/data`, at('create.wat')])).code, 0);
      assert.equal(fs.existsSync(at('new.txt')), true);
    });
  });

  test('a reactor: --invoke sets it up, converts arguments and prints results', async () => {
    const reactor = `(module (memory (export "memory") 1) (global $base (mut i32) (i32.const 0))
      (func (export "_initialize") (global.set $base (i32.const 100)))
      (func (export "add") (param i32 i64 f64) (result i32 i64 f64)
        (i32.add (local.get 0) (global.get $base)) (i64.add (local.get 1) (i64.const 1)) (f64.neg (local.get 2))))`;
    await withFiles({ 'r.wat': reactor }, async (_, at) => {
      const { code, stdout } = await gantry([
        'run',
        '--invoke',
        'add',
        at('r.wat'),
        '0x10',
        '-9223372036854775808',
        '0.5',
      ]);
      assert.deepEqual([code, stdout], [0, '116\n-9223372036854775807\n-0.5\n']);
      for (const [args, message] of [
        [['1'], /takes 3 arguments, 1 were given/],
        [['x', '1', '1'], /"x" is not an integer/],
        [['4294967296', '1', '1'], /outside the range of i32/],
        [['1', '1', 'y'], /"y" is not a number/],
      ]) {
        const wrong = await gantry(['run', '--invoke', 'add', at('r.wat'), ...args]);
        assert.equal(wrong.code, 2);
        assert.match(wrong.stderr, message);
      }
      const missing = await gantry(['run', '--invoke', 'sub', at('r.wat')]);
      assert.match(missing.stderr, /there is no such function; it exports _initialize, add/);
    });
  });
});

describe('how programs end', () => {
  test('exit codes', async () => {
    for (const code of [0, 1, 42, 255]) {
      assert.equal(
        (await gantry(['run', '-'], { input: start_(`(call $exit (i32.const ${code}))`) })).code,
        code,
      );
    }
  });

  test('a trap: message, wasm frames, 134', async () => {
    const trap = program('(func $inner unreachable) (func $outer (export "_start") (call $inner))');
    await withFiles({ 'trap.wat': trap }, async (_, at) => {
      const { code, stderr } = await gantry(['run', at('trap.wat')]);
      assert.equal(code, 134);
      assert.match(
        stderr,
        /trap\.wat trapped: unreachable\n +at inner .*wasm:\/\/.*\n +at outer .*wasm:\/\//,
      );
      assert.doesNotMatch(stderr, /node:internal|\.js:/);
    });
  });

  test('signals: the program’s own, and Ctrl-C in a tight loop', async () => {
    const raised = await gantry(['run', '-'], { input: start_('(drop (call $raise (i32.const 15)))') });
    assert.equal(raised.signal, 'SIGTERM');
    await withFiles(
      { 'loop.wat': start_('(drop (call $print (i32.const 0) (i32.const 1))) loop br 0 end') },
      async (_, at) => {
        const child = start(['run', at('loop.wat')]);
        await once(child.stdout, 'data');
        child.kill('SIGINT');
        const [, signal] = await once(child, 'close');
        assert.equal(signal, 'SIGINT');
      },
    );
  });

  test('a reader that goes away: the program sees EPIPE', async () => {
    await withFiles({ 'cat.wat': CAT }, async (_, at) => {
      const child = start(['run', at('cat.wat')]);
      child.stdin.on('error', () => {});
      child.stdout.destroy();
      const timer = setInterval(() => child.stdin.write('x'.repeat(1000)), 5);
      const [code] = await once(child, 'close');
      clearInterval(timer);
      assert.equal(code, 64);
    });
  });
});

describe('wrong usage', () => {
  const cases = [
    [[], 2, /Usage: gantry COMMAND/],
    [['fly'], 2, /there is no command "fly"; the commands are run, /],
    [['run'], 2, /run needs a file/],
    [['run', '--fast', 'x.wasm'], 2, /there is no option --fast/],
    [['run', '--env'], 2, /--env needs a value: --env NAME\[=VALUE\]/],
    [['run', '--help=1'], 2, /--help takes no value/],
    [['run', '--dir', '/nowhere/at/all', 'x.wasm'], 1, /cannot read x\.wasm: there is no such file/],
    [['run', 'nowhere.wasm'], 1, /cannot read nowhere\.wasm: there is no such file/],
    [['run', '.'], 1, /cannot read \.: it is a directory/],
    [['run', 'package.json'], 1, /package\.json is neither a binary WebAssembly module/],
  ];
  for (const [args, code, message] of cases) {
    test(`gantry ${args.join(' ')}`, async () => {
      const result = await gantry(args);
      assert.equal(result.code, code);
      assert.match(result.stderr, message);
      assert.equal(result.stdout, '');
    });
  }

  test('modules that are not valid, or cannot be linked or started', async () => {
    const files = {
      'text.wat': '(module (func (result i32)\n  i64.const))',
      'bad.wasm': Buffer.concat([wat('(module)'), Buffer.from([99, 99])]),
      'imports.wat': '(module (import "env" "f" (func)))',
      'library.wat': '(module (memory (export "memory") 1) (func (export "f")))',
    };
    await withFiles(files, async (folder, at) => {
      for (const [file, message] of [
        ['text.wat', /text\.wat:2:/],
        ['bad.wasm', /bad\.wasm: WebAssembly\.Module\(\): .*\(at offset 0x/],
        ['imports.wat', /imports\.wat: WebAssembly\.Instance\(\): Import #0 "env"/],
        ['library.wat', /has no function _start .* it exports f/],
      ]) {
        const { code, stderr } = await gantry(['run', at(file)]);
        assert.ok(code === 1 || code === 2, `${file}: ${code}`);
        assert.match(stderr, message);
      }
      const { code, stderr } = await gantry(['run', '--dir', `${folder}/none`, at('library.wat')]);
      assert.equal(code, 2);
      assert.match(stderr, /is not a directory/);
    });
  });

  test('--help and --version', async () => {
    assert.match((await gantry(['run', '--help'])).stdout, /--dir-ro HOST/);
    assert.match((await gantry(['--help'])).stdout, /inspect FILE/);
    assert.match((await gantry(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  });
});
