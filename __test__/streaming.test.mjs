// Streams of large modules: progress, what goes wrong on the way, stopping, back-pressure, and memory.

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebAssembly } from 'gantry-wasm';
import { scriptWith, succeed } from './helpers/child.mjs';
import { wat } from './helpers/wat.mjs';

/** Functions with bodies of about 3 KB, of which one may leave nothing where a number is wanted. */
function moduleOf(count, wrong = -1) {
  const body = 'i32.const 1 i32.add '.repeat(1000);
  const functions = Array.from(
    { length: count },
    (_, i) => `(func (export "f${i}") (result i32) i32.const ${i} ${i === wrong ? 'drop' : body})`,
  );
  return wat(`(module ${functions.join('\n')})`);
}

const FUNCTIONS = 500;
const BYTES = moduleOf(FUNCTIONS);
const CHUNK = 64 << 10;

async function* chunks(bytes = BYTES, size = CHUNK) {
  for (let at = 0; at < bytes.length; at += size) {
    await sleep(1);
    yield bytes.subarray(at, at + size);
  }
}

/** Rejects when nothing comes of it in time. */
const soon = (promise) => {
  const late = new AbortController();
  const timer = sleep(20_000, undefined, { signal: late.signal }).then(
    () => assert.fail('nothing came of it in 20 s'),
    () => {},
  );
  return Promise.race([promise, timer]).finally(() => late.abort());
};

describe('progress', () => {
  for (const tier of ['auto', 'quick', 'optimized']) {
    test(`bytes and functions are counted, phases follow each other (${tier})`, async () => {
      const seen = [];
      await WebAssembly.compileStreaming(chunks(), { tier, onProgress: (progress) => seen.push(progress) });
      assert.equal(
        seen
          .map(({ phase }) => phase)
          .join(' ')
          .replace(/(receiving )+/, '$1'),
        'receiving compiling ready',
      );
      for (const [i, { bytesReceived, functionsReady, functionsTotal }] of seen.entries()) {
        const before = seen[i - 1] ?? { bytesReceived: 0, functionsReady: 0, functionsTotal: 0 };
        assert.ok(bytesReceived >= before.bytesReceived && bytesReceived <= BYTES.length);
        assert.ok(functionsReady >= before.functionsReady && functionsReady <= functionsTotal);
      }
      assert.deepEqual(seen.at(-1), {
        bytesReceived: BYTES.length,
        functionsReady: FUNCTIONS,
        functionsTotal: FUNCTIONS,
        phase: 'ready',
      });
    });
  }

  test('functions are ready before the last bytes arrive', async () => {
    let ready = 0;
    async function* patient() {
      for await (const chunk of chunks()) {
        if (chunk.byteOffset + chunk.length >= BYTES.byteOffset + BYTES.length) {
          for (let i = 0; i < 1000 && ready === 0; i++) await sleep(5);
          assert.ok(ready > 0);
        }
        yield chunk;
      }
    }
    const onProgress = ({ functionsReady }) => (ready = functionsReady);
    await WebAssembly.compileStreaming(patient(), { onProgress });
  });

  test('what the listener throws is the reason, and the stream is told', async () => {
    const source = Readable.from(chunks());
    const reason = new Error('enough');
    const onProgress = () => {
      throw reason;
    };
    await assert.rejects(WebAssembly.compileStreaming(source, { onProgress }), (error) => error === reason);
    assert.equal(source.destroyed, true);
  });
});

describe('what goes wrong', () => {
  /** Sends bytes, then nothing more. */
  async function* stalls(bytes) {
    yield* chunks(bytes);
    await new Promise(() => {});
  }

  for (const [what, bytes] of [
    ['garbage', Uint8Array.from({ length: 100_000 }, (_, i) => i * 7)],
    ['an invalid function', moduleOf(FUNCTIONS, 20)],
  ]) {
    test(`${what}: CompileError, though the stream stalls`, async () => {
      // A reader that waits keeps no process alive.
      const alive = setInterval(() => {}, 1000);
      const outcome = soon(WebAssembly.compileStreaming(stalls(bytes)));
      await assert.rejects(outcome, (error) => {
        assert.ok(error instanceof WebAssembly.CompileError);
        assert.match(error.message, /offset/);
        return true;
      });
      clearInterval(alive);
    });

    test(`${what}: the same error for any chunks`, async () => {
      const expected = await WebAssembly.compile(bytes).catch((error) => error.message);
      for (const size of [bytes.length, 100_000, 4097]) {
        await assert.rejects(WebAssembly.compileStreaming(chunks(bytes, size)), (error) => {
          assert.equal(error.message.replace(/^.*?: /, ''), expected.replace(/^.*?: /, ''));
          return true;
        });
      }
    });
  }

  test('a stream that fails: its reason; one that ends early: CompileError', async () => {
    const reason = new Error('connection reset');
    async function* fails() {
      yield BYTES.subarray(0, BYTES.length / 2);
      throw reason;
    }
    await assert.rejects(WebAssembly.compileStreaming(fails()), (error) => error === reason);
    const early = chunks(BYTES.subarray(0, BYTES.length - 1));
    await assert.rejects(WebAssembly.compileStreaming(early), WebAssembly.CompileError);
  });

  test('a tier that does not exist: TypeError', async () => {
    await assert.rejects(WebAssembly.compileStreaming(chunks(), { tier: 'fast' }), TypeError);
  });
});

describe('stopping', () => {
  for (const [what, after] of [
    ['at the first bytes', 1],
    ['in the middle', BYTES.length / 2],
    ['when all has arrived', BYTES.length],
  ]) {
    test(what, async () => {
      const controller = new AbortController();
      const source = Readable.from(chunks());
      const onProgress = ({ bytesReceived }) => {
        if (bytesReceived >= after) controller.abort();
      };
      const options = { signal: controller.signal, onProgress, tier: 'optimized' };
      await assert.rejects(soon(WebAssembly.compileStreaming(source, options)), { name: 'AbortError' });
      assert.equal(source.destroyed, true);
    });
  }

  test('nothing is reported once it has stopped, though pieces are still with other threads', async () => {
    const controller = new AbortController();
    let reports = 0;
    async function* endless() {
      yield* chunks();
      controller.abort();
      await new Promise(() => {});
    }
    const onProgress = () => reports++;
    const options = { signal: controller.signal, onProgress };
    await assert.rejects(WebAssembly.compileStreaming(endless(), options), { name: 'AbortError' });
    const before = reports;
    await sleep(50);
    assert.equal(reports, before);
  });

  test('a signal that is aborted later is not listened to', async () => {
    const controller = new AbortController();
    const module = await WebAssembly.compileStreaming(chunks(), { signal: controller.signal });
    controller.abort();
    assert.equal(new WebAssembly.Instance(module).exports.f7(), 1007);
  });
});

test('a sender that is faster waits', async () => {
  let sent = 0;
  let received = 0;
  let ahead = 0;
  async function* fast() {
    for (let at = 0; at < BYTES.length; at += CHUNK) {
      ahead = Math.max(ahead, sent - received);
      sent = Math.min(at + CHUNK, BYTES.length);
      yield BYTES.subarray(at, sent);
    }
  }
  const onProgress = ({ bytesReceived }) => (received = bytesReceived);
  await WebAssembly.compileStreaming(fast(), { onProgress });
  assert.equal(received, BYTES.length);
  assert.ok(ahead <= 3 * CHUNK, `${ahead} bytes ahead`);
});

test('any pieces give the same module', async () => {
  const expected = await WebAssembly.compile(BYTES);
  for (const size of [997, CHUNK, BYTES.length]) {
    const module = await WebAssembly.compileStreaming(
      Readable.from(BYTES.length / size > 100 ? pieces(size) : chunks(BYTES, size)),
    );
    assert.deepEqual(WebAssembly.Module.exports(module), WebAssembly.Module.exports(expected));
    assert.equal(new WebAssembly.Instance(module).exports.f499(), 1499);
  }
  function* pieces(size) {
    for (let at = 0; at < BYTES.length; at += size) yield BYTES.subarray(at, at + size);
  }
});

test('streams that end in any way leave no memory behind', { timeout: 180_000 }, async () => {
  const body = 'i32.const 1 i32.add '.repeat(10_000);
  const module = `(module (func (export "f") (result i32) i32.const 1 ${body}))`;
  const script = scriptWith(
    { module },
    `const wasm = bytes('module');
    const ends = [
      async function* () { yield wasm; },
      async function* () { yield wasm.subarray(0, 20_000); },
      async function* () { yield wasm.subarray(0, 20_000); throw new Error('gone'); },
      async function* () { yield wasm.subarray(0, 20_000); yield new Uint8Array(1000).fill(255); },
      async function* () { yield wasm.subarray(0, 20_000); await sleep(1); yield wasm.subarray(20_000); },
    ];
    let early = 0;
    for (let n = 0; n < 4000; n++) {
      const controller = new AbortController();
      const options = { signal: controller.signal };
      const outcome = WebAssembly.compileStreaming(ends[n % ends.length](), options).catch(() => {});
      if (n % ends.length === 4) controller.abort();
      await outcome;
      if (n % 100 === 0) gc();
      if (n === 2000) early = rss();
    }
    const grown = rss() - early;
    console.log(grown < 20 ? 'flat' : 'grew by ' + grown + ' MB');
    // Nothing of an abandoned stream keeps the process.
    WebAssembly.compileStreaming((async function* () { yield wasm.subarray(0, 100); await new Promise(() => {}); })());`,
  );
  assert.equal(await succeed(script, { flags: ['--expose-gc'], timeout: 170_000 }), 'flat');
});
