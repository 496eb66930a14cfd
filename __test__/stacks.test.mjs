// Stack traces: functions of JavaScript and of wasm in true order, in V8's format, without anything of this package.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { both, engines } from './helpers/both.mjs';
import { scriptWith, succeed } from './helpers/child.mjs';
import { instanceOf, wat } from './helpers/wat.mjs';

const { WebAssembly } = engines.gantry ? { WebAssembly: engines.gantry } : {};

const NESTED = `(module $mod
  (import "e" "f" (func $f (param i32)))
  (func $inner (param i32) (call $f (local.get 0)))
  (func $outer (export "outer") (param i32) (call $inner (local.get 0)))
  (func $trap (export "trap") unreachable)
  (func (export "unnamed") (call $trap))
  (table (export "t") 1 funcref))`;

/** A stack's lines, without this file's path and what tells modules apart. */
const lines = (stack, count = Infinity) =>
  String(stack)
    .replaceAll(import.meta.url, 'here')
    .replaceAll(/-?[0-9a-f]{8}(?=:wasm-function)/g, '')
    .split('\n')
    .slice(0, count)
    .map((line) => line.replace(/here:\d+:\d+/, 'here').trim());

const caught = (body) => {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
};

both('errors that imports throw have the wasm functions that called them', (WebAssembly) => {
  const { outer } = instanceOf(WebAssembly, NESTED, {
    e: {
      f: function throwing() {
        throw new Error('from an import');
      },
    },
  });
  const error = caught(function caller() {
    outer(0);
  });
  assert.deepEqual(lines(error.stack, 5), [
    'Error: from an import',
    'at throwing (here)',
    'at mod.inner (wasm://wasm/mod:wasm-function[1]:0x4f)',
    'at mod.outer (wasm://wasm/mod:wasm-function[2]:0x56)',
    'at caller (here)',
  ]);
});

both('traps have the wasm functions that were active', (WebAssembly) => {
  const { unnamed } = instanceOf(WebAssembly, NESTED, { e: { f() {} } });
  const error = caught(function caller() {
    unnamed();
  });
  assert.deepEqual(lines(error.stack, 4), [
    'RuntimeError: unreachable',
    'at mod.trap (wasm://wasm/mod:wasm-function[3]:0x5b)',
    'at mod (wasm://wasm/mod:wasm-function[4]:0x5f)',
    'at caller (here)',
  ]);
});

both('several times to wasm and back', (WebAssembly) => {
  const instance = instanceOf(WebAssembly, NESTED, {
    e: {
      f: function again(n) {
        if (n === 0) instance.trap();
        instance.outer(n - 1);
      },
    },
  });
  const error = caught(() => instance.outer(1));
  assert.deepEqual(
    lines(error.stack, 8).map((line) => line.split(' ')[1]),
    ['unreachable', 'mod.trap', 'again', 'mod.inner', 'mod.outer', 'again', 'mod.inner', 'mod.outer'],
  );
});

both('the stack of an error that is not thrown', (WebAssembly) => {
  let stack;
  const { outer } = instanceOf(WebAssembly, NESTED, {
    e: {
      f: function looking() {
        ({ stack } = new Error('looked at'));
      },
    },
  });
  outer(0);
  assert.deepEqual(
    lines(stack, 4).map((line) => line.split(' ')[1]),
    ['looked', 'looking', 'mod.inner', 'mod.outer'],
  );
});

both('an error that is read later, and passed through JavaScript', (WebAssembly) => {
  const inner = instanceOf(WebAssembly, NESTED, {
    e: {
      f: function deepest() {
        throw new TypeError('deep');
      },
    },
  });
  let kept;
  const { outer } = instanceOf(WebAssembly, NESTED.replace('$mod', '$top'), {
    e: {
      f: function middle() {
        try {
          inner.outer(0);
        } catch (error) {
          kept = error;
          throw error;
        }
      },
    },
  });
  assert.equal(
    caught(() => outer(0)),
    kept,
  );
  assert.deepEqual(
    lines(kept.stack, 7).map((line) => line.split(' ')[1]),
    ['deep', 'deepest', 'mod.inner', 'mod.outer', 'middle', 'top.inner', 'top.outer'],
  );
});

both('modules and functions without names', (WebAssembly) => {
  const { go } = instanceOf(WebAssembly, '(module (func (export "go") unreachable))');
  const [, line] = caught(go).stack.split('\n');
  assert.match(line, /^ {4}at wasm:\/\/wasm\/[0-9a-f]{8}:wasm-function\[0\]:0x1f$/);
});

both('the start function', (WebAssembly) => {
  const error = caught(() => instanceOf(WebAssembly, '(module $m (func $begin unreachable) (start $begin))'));
  assert.match(lines(error.stack, 2)[1], /^at m\.begin \(wasm:\/\/wasm\/m:wasm-function\[0\]:0x/);
});

both('Error.stackTraceLimit counts wasm functions', (WebAssembly) => {
  const { unnamed } = instanceOf(WebAssembly, NESTED, { e: { f() {} } });
  const { stackTraceLimit } = Error;
  try {
    for (const limit of [0, 1, 2]) {
      Error.stackTraceLimit = limit;
      assert.equal(lines(caught(unnamed).stack).length, limit + 1);
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
});

both('Error.prepareStackTrace sees wasm functions as V8 shows them', (WebAssembly) => {
  let sites;
  const { outer } = instanceOf(WebAssembly, NESTED, {
    e: {
      f: function looking() {
        const { prepareStackTrace } = Error;
        Error.prepareStackTrace = (_, frames) => frames;
        try {
          ({ stack: sites } = new Error('structured'));
        } finally {
          Error.prepareStackTrace = prepareStackTrace;
        }
      },
    },
  });
  outer(0);
  assert.equal(sites[0].getFunctionName(), 'looking');
  const frame = sites[1];
  assert.match(String(frame), /^mod\.inner \(wasm:\/\/wasm\/mod-[0-9a-f]{8}:wasm-function\[1\]:0x4f\)$/);
  assert.match(frame.getFileName(), /^wasm:\/\/wasm\/mod-[0-9a-f]{8}$/);
  assert.equal(frame.getScriptNameOrSourceURL(), frame.getFileName());
  assert.deepEqual(
    [frame.getFunctionName(), frame.getFunction(), frame.getTypeName(), frame.getMethodName()],
    ['inner', 1, null, null],
  );
  assert.deepEqual([frame.getLineNumber(), frame.getColumnNumber(), frame.getPosition()], [1, 0x50, 0x4f]);
  assert.deepEqual(
    [frame.isToplevel(), frame.isEval(), frame.isNative(), frame.isConstructor()],
    Array(4).fill(false),
  );
  assert.deepEqual([frame.isAsync(), frame.isPromiseAll(), frame.getPromiseIndex()], [false, false, null]);
  assert.equal(sites[2].getFunctionName(), 'outer');
});

both('Error.captureStackTrace', (WebAssembly) => {
  const holder = {};
  const { outer } = instanceOf(WebAssembly, NESTED, {
    e: {
      f: function capturing() {
        Error.captureStackTrace(holder, capturing);
        assert.equal(typeof holder.stack, 'string');
      },
    },
  });
  outer(0);
  assert.deepEqual(
    lines(holder.stack, 3).map((line) => line.split(' ')[1]),
    [undefined, 'mod.inner', 'mod.outer'],
  );
});

both('traceStack of exceptions', (WebAssembly) => {
  const tag = new WebAssembly.Tag({ parameters: [] });
  let exception;
  const { outer } = instanceOf(WebAssembly, NESTED, {
    e: { f: () => (exception = new WebAssembly.Exception(tag, [], { traceStack: true })) },
  });
  outer(0);
  assert.match(exception.stack, /mod\.inner \(wasm:.*\n.*mod\.outer \(wasm:/);
  assert.equal(new WebAssembly.Exception(tag, []).stack, undefined);
});

test('nothing of the package is in stacks of its errors', () => {
  const errors = [
    () => new WebAssembly.Module(new Uint8Array(3)),
    () => new WebAssembly.Memory({ initial: -1 }),
    () =>
      new WebAssembly.Instance(new WebAssembly.Module(wat('(module (import "a" "b" (func)))')), { a: {} }),
    () => new WebAssembly.Table({ element: 'anyfunc', initial: 1 }).get(2),
    () => instanceOf(WebAssembly, '(module (func (export "f") (param i64)))').f(1),
    () => instanceOf(WebAssembly, '(module (func $f (export "f") (call $f)))').f(),
  ];
  for (const body of errors) {
    const { stack } = caught(function caller() {
      body();
    });
    assert.doesNotMatch(stack, /gantry:|\/js\/(api\/)?\w+\.js/);
    assert.match(stack, /at caller |Maximum call stack/);
  }
});

test('an error of a rejected promise, and one after a suspension', async () => {
  const { go } = instanceOf(
    WebAssembly,
    `(module $m (import "e" "wait" (func $wait)) (func $fail unreachable)
      (func $go (export "go") (call $wait) (call $fail)))`,
    { e: { wait: new WebAssembly.Suspending(async () => {}) } },
  );
  await assert.rejects(WebAssembly.promising(go)(), ({ stack }) => {
    assert.match(stack, /^RuntimeError: unreachable\n {4}at m\.fail .*\n {4}at m\.go /);
    assert.doesNotMatch(stack, /\/js\//);
    return true;
  });
});

test('in workers, and in contexts of vm', async () => {
  const script = scriptWith(
    { trap: '(module $m (func $t (export "t") unreachable))' },
    `
    const vm = require('node:vm');
    const look = vm.runInNewContext('(f) => { try { f() } catch (e) { return e.stack } }');
    assert.match(look(exportsOf('trap').t), /m\\.t \\(wasm:/);
    const lookAgain = vm.runInNewContext('(f) => { try { f() } catch (e) { return e.stack } }');
    const thrower = vm.runInNewContext('() => { throw new Error("vm") }');
    assert.match(lookAgain(thrower), /^Error: vm/);
    const other = worker("try { exportsOf('trap').t() } catch (e) { parentPort.postMessage(e.stack) }");
    const [stack] = await once(other, 'message');
    assert.match(stack, /m\\.t \\(wasm:/);
    console.log('seen');
  `,
  );
  assert.equal(await succeed(script), 'seen');
});

test('an uncaught trap is printed with its functions', async () => {
  const script = scriptWith(
    { trap: '(module $m (func $t (export "t") unreachable))' },
    `exportsOf('trap').t()`,
  );
  const { run } = await import('./helpers/child.mjs');
  const { code, stderr } = await run(script);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /RuntimeError: unreachable\n\s+at m\.t \(wasm:\/\/wasm\/m-[0-9a-f]{8}:wasm-function\[0\]:0x/,
  );
});

test('errors whose frames were looked up by nobody cost no memory', async () => {
  const script = scriptWith(
    { trap: '(module $m (func $t (export "t") unreachable))' },
    `
    let early = 0;
    for (let i = 0; i < 200; i++) {
      const { t } = exportsOf('trap');
      for (let k = 0; k < 1000; k++) try { t() } catch {}
      if (i === 100) early = rss();
    }
    console.log(rss() - early < 30 ? 'flat' : rss() - early);
  `,
  );
  assert.equal(await succeed(script), 'flat');
});
