// wasi-threads: programs with native threads on one shared memory.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import { WASI, WebAssembly } from 'gantry-wasm';
import { gantry, start, withFiles } from '../helpers/cli.mjs';
import { root } from '../helpers/engine.mjs';
import { wat } from '../helpers/wat.mjs';

const ZIG = fileURLToPath(new URL('threads/zig.wasm', import.meta.url));

/** A program of two functions: `main` has the local $i; `thread` has $id and $argument. */
const source = ({ main = '', thread = '', more = '' }) => `(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "env" "memory" (memory 2 16 shared))
  ${more}
  (export "memory" (memory 0))
  (func $thread (export "wasi_thread_start") (param $id i32) (param $argument i32) ${thread})
  (func $main (export "_start") (local $i i32) ${main})
  (func $forever (loop $again (br $again)))
  (func $recurse (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 1))
      (else (i32.add (call $recurse (i32.sub (local.get 0) (i32.const 1)))
                     (call $recurse (i32.sub (local.get 0) (i32.const 1)))))))
  (func $wait (param $at i32) (drop (memory.atomic.wait32 (local.get $at) (i32.const 0) (i64.const -1))))
  (func $wake (param $at i32)
    (i32.atomic.store (local.get $at) (i32.const 1))
    (drop (memory.atomic.notify (local.get $at) (i32.const -1))))
  (func $sleep ;; for an hour
    (i64.store (i32.const 1024) (i64.const 0)) (i64.store (i32.const 1032) (i64.const 0))
    (i64.store (i32.const 1040) (i64.const 1)) (i64.store (i32.const 1048) (i64.const 3600000000000))
    (i64.store (i32.const 1056) (i64.const 0)) (i64.store (i32.const 1064) (i64.const 0))
    (drop (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 4096))))
)`;

const BUSY = {
  'loops for ever': '(call $forever)',
  'waits for ever': '(call $wait (i32.const 512))',
  'recurses for ages': '(drop (call $recurse (i32.const 100)))',
  sleeps: '(call $sleep)',
};

function program(text, { options = {}, imports = {} } = {}) {
  const module = new WebAssembly.Module(wat(text));
  const wasi = new WASI({ version: 'preview1', threads: true, ...options });
  const given = wasi.getImportObject(module);
  const instance = new WebAssembly.Instance(module, { ...given, ...imports });
  return { wasi, instance, memory: instance.exports.memory, run: () => wasi.start(instance) };
}

/** What the process has of threads of programs, on Linux. */
function threadsHere() {
  const names = fs.readdirSync('/proc/self/task').map((task) => {
    try {
      return fs.readFileSync(`/proc/self/task/${task}/comm`, 'utf8');
    } catch {
      return ''; // It has just ended.
    }
  });
  return names.filter((name) => name.startsWith('wasi-thread')).length;
}

/** They have nothing of the program any more when it has ended, but the system may take a moment to bury them. */
async function noThreads() {
  if (process.platform !== 'linux') return;
  for (let i = 0; i < 200 && threadsHere() > 0; i++) await sleep(10);
  assert.equal(threadsHere(), 0);
}

describe('a program of Zig', () => {
  const run = (...args) => gantry(['run', ...args]);
  const output = (stdout) => ({ code: 0, signal: null, stdout, stderr: '' });

  test('adds numbers up in parallel', async () => {
    assert.deepEqual(await run(ZIG, 'sum'), output('2094949056\n'));
  });

  test('hands numbers over with a mutex and a condition', async () => {
    assert.deepEqual(await run(ZIG, 'queue'), output('0 6003000\n'));
  });

  test('uses files, output and growing memory from several threads', async () => {
    await withFiles({}, async (folder) => {
      const ran = await run('--dir', `${folder}::/`, ZIG, 'files');
      assert.deepEqual([ran.code, ran.stderr], [0, '']);
      const lines = ran.stdout.trimEnd().split('\n').sort();
      const expected = [0, 1, 2, 3].flatMap((id) =>
        Array.from({ length: 50 }, (_, round) => `thread ${id} round ${round}`),
      );
      assert.deepEqual(lines, expected.sort());
      assert.deepEqual(fs.readdirSync(folder), []);
    });
  });

  test('makes a thousand threads one after the other', async () => {
    assert.deepEqual(await run(ZIG, 'spawns'), output('1000\n'));
  });

  test('ends when a thread traps', async () => {
    const ran = await run(ZIG, 'trap');
    assert.deepEqual([ran.code, ran.stdout], [134, '']);
    assert.match(ran.stderr, /trapped: unreachable\n\s+at wasm:/);
  });

  test('ends when a thread exits', async () => {
    assert.deepEqual(await run(ZIG, 'exit'), { code: 42, signal: null, stdout: '', stderr: '' });
  });

  test('ends although a thread goes on', async () => {
    assert.deepEqual(await run(ZIG, 'forever'), output('main is done\n'));
  });

  test('ends with a signal', async () => {
    const child = start(['run', '-']);
    child.stdin.end(
      wat(
        source({
          main: '(drop (call $spawn (i32.const 0))) (call $wait (i32.const 0))',
          thread: BUSY['loops for ever'],
        }),
      ),
    );
    await sleep(500);
    child.kill('SIGINT');
    const [code, signal] = await new Promise((resolve) => child.once('close', (...how) => resolve(how)));
    assert.deepEqual([code, signal], [null, 'SIGINT']);
  });
});

describe('threads', () => {
  test('have numbers, arguments, and the memory', async () => {
    const { memory, run } = program(
      source({
        main: `
          (loop $more
            (i32.store (i32.add (i32.const 256) (i32.mul (local.get $i) (i32.const 4))) (call $spawn (local.get $i)))
            (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5))))
          (loop $again
            (local.set $i (i32.atomic.load (i32.const 0)))
            (if (i32.ne (local.get $i) (i32.const 5))
              (then (drop (memory.atomic.wait32 (i32.const 0) (local.get $i) (i64.const -1))) (br $again))))`,
        thread: `
          (i32.store (i32.add (i32.const 128) (i32.mul (local.get $argument) (i32.const 4))) (local.get $id))
          (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
          (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))`,
      }),
    );
    assert.equal(run(), 0);
    assert.deepEqual([...new Int32Array(memory.buffer, 128, 5)], [1, 2, 3, 4, 5]);
    assert.deepEqual([...new Int32Array(memory.buffer, 256, 5)], [1, 2, 3, 4, 5]);
    await noThreads();
  });

  test('wait and wake each other and the first thread, in time or not', () => {
    const { memory, run } = program(
      source({
        main: `
          (i32.store (i32.const 64) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 20000000)))
          (i32.store (i32.const 68) (memory.atomic.wait64 (i32.const 8) (i64.const 7) (i64.const -1)))
          (drop (call $spawn (i32.const 0)))
          (i32.store (i32.const 72) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
          (loop $until (br_if $until (i32.eqz (memory.atomic.notify (i32.const 16) (i32.const 1)))))
          (call $wait (i32.const 24))`,
        thread: `
          (loop $until (br_if $until (i32.eqz (memory.atomic.notify (i32.const 0) (i32.const 1)))))
          (i32.store (i32.const 76) (memory.atomic.wait64 (i32.const 16) (i64.const 0) (i64.const -1)))
          (call $wake (i32.const 24))`,
      }),
    );
    assert.equal(run(), 0);
    assert.deepEqual(
      [...new Int32Array(memory.buffer, 64, 4)],
      [2, 1, 0, 0],
      'timed out, not equal, woken, woken',
    );
  });

  test('see how the memory grows, whoever makes it grow', () => {
    const { memory, run } = program(
      source({
        main: `
          (drop (memory.grow (i32.const 1)))
          (drop (call $spawn (i32.const 0)))
          (call $wait (i32.const 0))
          (i32.store (i32.const 4) (i32.load (i32.const 262140)))`,
        thread: `
          (i32.store (i32.const 8) (memory.size))
          (drop (memory.grow (i32.const 1)))
          (i32.store (i32.const 262140) (i32.const 77))
          (call $wake (i32.const 0))`,
      }),
    );
    const before = memory.buffer;
    assert.equal(before.byteLength, 2 << 16);
    assert.equal(run(), 0);
    assert.equal(memory.buffer.byteLength, 4 << 16);
    assert.deepEqual([...new Int32Array(memory.buffer, 4, 2)], [77, 3]);
    assert.equal(before.byteLength, 0, 'buffers are detached as those of other memories');
    assert.equal(memory.grow(1), 4);
    assert.deepEqual(memory.type(), { minimum: 5, maximum: 16, shared: true });
  });

  test('are not more than the program may have', () => {
    const text = source({
      main: `
        (loop $more
          (i32.store (i32.add (i32.const 256) (i32.mul (local.get $i) (i32.const 4))) (call $spawn (i32.const 0)))
          (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))`,
      thread: '(call $wait (i32.const 0))',
    });
    const { memory, run } = program(text, { options: { threads: { max: 3 } } });
    assert.equal(run(), 0);
    const [first, second, third, fourth] = new Int32Array(memory.buffer, 256, 4);
    assert.deepEqual([first, second, third, Math.sign(fourth)], [1, 2, 3, -1]);
  });

  test('make threads', () => {
    const { memory, run } = program(
      source({
        main: '(drop (call $spawn (i32.const 5))) (call $wait (i32.const 0))',
        thread: `
          (if (local.get $argument)
            (then (i32.store (i32.const 4) (call $spawn (i32.sub (local.get $argument) (i32.const 1)))))
            (else (call $wake (i32.const 0))))`,
      }),
    );
    assert.equal(run(), 0);
    assert.ok(new Int32Array(memory.buffer)[1] > 0);
  });
});

describe('the end', () => {
  for (const [how, busy] of Object.entries(BUSY)) {
    test(`of the first thread is that of one that ${how}`, async () => {
      const text = source({
        main: '(drop (call $spawn (i32.const 0))) (drop (call $spawn (i32.const 0))) (call $wait (i32.const 0))',
        thread: `(call $wake (i32.const 0)) ${busy}`,
      });
      const began = Date.now();
      assert.equal(program(text).run(), 0);
      assert.ok(Date.now() - began < 5000);
      await noThreads();
    });

    test(`of all is a trap, when the first thread ${how}`, async () => {
      const text = source({
        main: `(drop (call $spawn (i32.const 0))) (drop (call $spawn (i32.const 1))) ${busy}`,
        thread: `(if (local.get $argument) (then ${busy})) (drop (call $recurse (i32.const 12))) (unreachable)`,
      });
      assert.throws(program(text).run, (error) => {
        assert.ok(error instanceof WebAssembly.RuntimeError);
        assert.equal(error.message, 'unreachable');
        assert.match(error.stack, /at thread \(wasm:/);
        return true;
      });
      await noThreads();
    });

    test(`of all is an exit, when the first thread ${how}`, async () => {
      const text = source({
        main: `(drop (call $spawn (i32.const 0))) ${busy}`,
        thread: '(drop (call $recurse (i32.const 12))) (call $exit (i32.const 9))',
      });
      assert.equal(program(text).run(), 9);
      await noThreads();
    });
  }

  test('is a trap of the first thread', async () => {
    const text = source({
      main: '(drop (call $spawn (i32.const 0))) (call $wait (i32.const 0)) (unreachable)',
      thread: `(call $wake (i32.const 0)) (call $forever)`,
    });
    assert.throws(program(text).run, { name: 'RuntimeError', message: 'unreachable' });
    await noThreads();
  });

  test('is a stack overflow of a thread', () => {
    const text = source({
      main: '(drop (call $spawn (i32.const 0))) (call $forever)',
      thread: '(call $thread (i32.const 0) (i32.const 0)) (call $thread (i32.const 0) (i32.const 0))',
    });
    assert.throws(program(text).run, { name: 'RangeError', message: 'Maximum call stack size exceeded' });
  });

  test('is an exit of the process', async () => {
    const text = source({
      main: '(drop (call $spawn (i32.const 0))) (call $forever)',
      thread: '(call $exit (i32.const 5))',
    });
    const script = `
      const { WASI, WebAssembly } = require(${JSON.stringify(root)});
      const compiled = new WebAssembly.Module(require('node:fs').readFileSync('program.wasm'));
      const wasi = new WASI({ version: 'preview1', threads: true, returnOnExit: false });
      wasi.start(new WebAssembly.Instance(compiled, wasi.getImportObject(compiled)));
      console.log('this is never written');`;
    await withFiles({ 'program.wasm': wat(text), 'run.cjs': script }, async (folder) => {
      const { spawnSync } = await import('node:child_process');
      const ran = spawnSync(process.execPath, ['run.cjs'], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.deepEqual([ran.status, ran.stdout, ran.stderr], [5, '', '']);
    });
  });

  for (const [how, busy] of Object.entries(BUSY)) {
    test(`comes when a worker is terminated in which everybody ${how}`, async () => {
      // Recursion without loops on the JavaScript thread cannot be terminated: there the first thread waits.
      const first = how.startsWith('recurses') ? BUSY['waits for ever'] : busy;
      const text = source({
        main: `(drop (call $spawn (i32.const 0))) (drop (call $spawn (i32.const 0))) (call $wait (i32.const 0)) ${first}`,
        thread: `(call $wake (i32.const 0)) ${busy}`,
      });
      const script = `
        const { workerData, parentPort } = require('node:worker_threads');
        const { WASI, WebAssembly } = require(${JSON.stringify(root)});
        const compiled = new WebAssembly.Module(workerData);
        const wasi = new WASI({ version: 'preview1', threads: true });
        const instance = new WebAssembly.Instance(compiled, wasi.getImportObject(compiled));
        parentPort.postMessage('running');
        wasi.start(instance);`;
      const worker = new Worker(script, { eval: true, workerData: wat(text) });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      await sleep(100);
      const began = Date.now();
      await worker.terminate();
      assert.ok(Date.now() - began < 5000);
      await noThreads();
    });
  }

  test('comes after a timeout of vm', async () => {
    const { run } = program(
      source({ main: '(drop (call $spawn (i32.const 0))) (call $forever)', thread: BUSY['loops for ever'] }),
    );
    const context = vm.createContext({ run });
    assert.throws(() => vm.runInContext('run()', context, { timeout: 100 }), {
      code: 'ERR_SCRIPT_EXECUTION_TIMEOUT',
    });
    await sleep(50);
    await noThreads();
  });
});

describe('a program', () => {
  test('within another ends alone', async () => {
    const inner = program(
      source({
        main: '(drop (call $spawn (i32.const 0))) (call $forever)',
        thread: '(call $exit (i32.const 3))',
      }),
    );
    let code;
    const outer = program(
      source({
        more: '(import "host" "inner" (func $inner))',
        main: '(drop (call $spawn (i32.const 0))) (call $inner) (call $wake (i32.const 0)) (call $forever)',
        thread: '(call $wait (i32.const 0)) (call $exit (i32.const 4))',
      }),
      { imports: { host: { inner: () => (code = inner.run()) } } },
    );
    assert.equal(outer.run(), 4);
    assert.equal(code, 3);
    await noThreads();
  });

  test('within another ends with it', async () => {
    const inner = program(
      source({ main: '(drop (call $spawn (i32.const 0))) (call $forever)', thread: '(call $forever)' }),
    );
    const outer = program(
      source({
        more: '(import "host" "inner" (func $inner))',
        main: '(drop (call $spawn (i32.const 0))) (call $inner)',
        thread: '(drop (call $recurse (i32.const 20))) (call $exit (i32.const 4))',
      }),
      { imports: { host: { inner: () => inner.run() } } },
    );
    assert.equal(outer.run(), 4);
    await noThreads();
  });

  test('may import JavaScript, which threads cannot call', () => {
    const given = (thread) =>
      program(
        source({
          more: '(import "host" "log" (func $log (param i32)))',
          main: '(call $log (i32.const 1)) (drop (call $spawn (i32.const 0))) (call $wait (i32.const 0))',
          thread,
        }),
        { imports: { host: { log: (number) => assert.equal(number, 1) } } },
      );
    assert.equal(given('(call $wake (i32.const 0))').run(), 0);
    assert.throws(given('(call $log (i32.const 2))').run, {
      message: 'WASI: a thread has called host.log, which is JavaScript; only the first thread can do that',
    });
  });

  test('whose functions were replaced has the others in its threads', () => {
    const module = new WebAssembly.Module(
      wat(
        source({
          main: '(drop (call $spawn (i32.const 0))) (call $forever)',
          thread: '(call $exit (i32.const 1))',
        }),
      ),
    );
    const wasi = new WASI({ version: 'preview1', threads: true });
    const { proc_exit: exit } = wasi.wasiImport;
    wasi.wasiImport.proc_exit = (code) => exit(code);
    const instance = new WebAssembly.Instance(module, wasi.getImportObject(module));
    assert.throws(() => wasi.start(instance), {
      message: /has called wasi_snapshot_preview1\.proc_exit, which is JavaScript/,
    });
  });

  test('without threads is as it was', () => {
    const text = '(module (memory (export "memory") 1) (func (export "_start")))';
    assert.equal(program(text).run(), 0);
    const { wasi } = program(text, { options: { threads: false } });
    assert.deepEqual(Object.keys(wasi.getImportObject()), ['wasi_snapshot_preview1']);
    assert.throws(() => program(source({}), { options: { threads: false } }), { name: 'TypeError' });
  });

  test('that cannot have threads says why', () => {
    const refused = (text, reason, options) => {
      assert.throws(program(text, options).run, {
        name: 'TypeError',
        message: `WASI: the program cannot have threads: ${reason}`,
      });
    };
    const spawn = '(import "wasi" "thread-spawn" (func (param i32) (result i32)))';
    const memory = '(import "env" "memory" (memory 1 2 shared)) (export "memory" (memory 0))';
    const begin = '(func (export "_start"))';
    const entry = '(func (export "wasi_thread_start") (param i32 i32))';
    refused(
      `(module ${spawn} (memory (export "memory") 1 2 shared) ${begin} ${entry})`.replace(' shared', ''),
      'it has to import a shared memory (--import-memory --shared-memory)',
    );
    refused(`(module ${spawn} ${memory} ${begin})`, 'it has to export wasi_thread_start(i32, i32)');
    refused(
      `(module ${spawn} ${memory} ${begin} (func (export "wasi_thread_start") (param i32)))`,
      'it has to export wasi_thread_start(i32, i32)',
    );
    const own = { env: { memory: new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true }) } };
    refused(
      `(module ${spawn} ${memory} ${begin} ${entry})`,
      'env.memory has to be the memory that wasi.getImportObject(module) makes',
      { imports: own },
    );
    refused(
      `(module ${spawn} ${memory} (import "a" "t" (table 1 funcref)) ${begin} ${entry})`,
      'it imports a.t, and of what is no function only a memory can be imported',
      { imports: { a: { t: new WebAssembly.Table({ initial: 1, element: 'anyfunc' }) } } },
    );
  });

  test('that is not running makes no threads', () => {
    const text = source({ more: '(func (export "make") (result i32) (call $spawn (i32.const 0)))' });
    const { wasi, instance, run } = program(text);
    assert.equal(instance.exports.make(), -1);
    assert.equal(wasi.getImportObject().wasi['thread-spawn'](0), -1);
    assert.equal(run(), 0);
    assert.equal(instance.exports.make(), -1);
  });

  test('can be made and forgotten many times', async () => {
    const module = new WebAssembly.Module(
      wat(
        source({
          main: '(drop (call $spawn (i32.const 0))) (call $wait (i32.const 0))',
          thread: '(call $wake (i32.const 0))',
        }),
      ),
    );
    for (let i = 0; i < 300; i++) {
      const wasi = new WASI({ version: 'preview1', threads: true });
      assert.equal(wasi.start(new WebAssembly.Instance(module, wasi.getImportObject(module))), 0);
    }
    await noThreads();
  });
});

test('the memory of a program stays flat over many threads', async () => {
  const text = source({
    main: `
      (loop $more
        (i32.store (i32.const 0) (i32.const 0))
        (if (i32.lt_s (call $spawn (i32.const 0)) (i32.const 0)) (then (unreachable)))
        (call $wait (i32.const 0))
        (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))`,
    thread: '(drop (call $random (i32.const 4096) (i32.const 256))) (call $wake (i32.const 0))',
  });
  const once = () => assert.equal(program(text, { options: { threads: { max: 4 } } }).run(), 0);
  once();
  const before = process.memoryUsage.rss();
  once();
  assert.ok(process.memoryUsage.rss() - before < 20 << 20);
});

test('options are checked', () => {
  const make = (options) => () => new WASI({ version: 'preview1', ...options });
  const js =
    /^The property 'options\.threads' cannot go with functions, streams or a file system of JavaScript/;
  assert.throws(make({ threads: true, stdout: () => {} }), { code: 'ERR_INVALID_ARG_VALUE', message: js });
  assert.throws(make({ threads: true, fs, preopens: { '/': '/' } }), {
    code: 'ERR_INVALID_ARG_VALUE',
    message: js,
  });
  assert.throws(make({ threads: 3 }), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(make({ threads: { max: '3' } }), { code: 'ERR_INVALID_ARG_TYPE' });
  for (const max of [0, -1, 1.5, 65537])
    assert.throws(make({ threads: { max } }), { code: 'ERR_OUT_OF_RANGE' });
  const wasi = make({ threads: { max: 1 } })();
  assert.throws(() => wasi.getImportObject({}), { code: 'ERR_INVALID_ARG_TYPE' });
});
