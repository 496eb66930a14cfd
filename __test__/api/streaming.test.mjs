// compileStreaming and instantiateStreaming: https://webassembly.github.io/spec/web-api/#streaming-modules

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { describe, test } from 'node:test';
import { both, gantryOnly } from '../helpers/both.mjs';
import { wat } from '../helpers/wat.mjs';

const BYTES = wat(`(module (import "m" "f" (func $f (result i32)))
  (func (export "run") (result i32) (i32.add (call $f) (i32.const 1))))`);
const IMPORTS = { m: { f: () => 41 } };
const headers = { 'Content-Type': 'application/wasm' };
const response = (body = BYTES, init = { headers }) => new Response(body, init);

/** The bytes in pieces of a size. */
async function* pieces(size, bytes = BYTES) {
  for (let at = 0; at < bytes.length; at += size) {
    await null;
    yield bytes.subarray(at, at + size);
  }
}

describe('responses', () => {
  for (const [what, source] of [
    ['a response', () => response()],
    ['a promise of one', () => Promise.resolve(response())],
    [
      'a body that arrives byte by byte',
      () => response(ReadableStream.from?.(pieces(1)) ?? Readable.toWeb(Readable.from(pieces(1)))),
    ],
  ]) {
    both(what, async (wasm) => {
      const module = await wasm.compileStreaming(source());
      assert.ok(module instanceof wasm.Module);
      const made = await wasm.instantiateStreaming(source(), IMPORTS);
      assert.ok(made.module instanceof wasm.Module);
      assert.equal(made.instance.exports.run(), 42);
    });
  }

  gantryOnly('a type in other letters, with spaces', 'wants small letters', async (wasm) => {
    const spelt = response(BYTES, { headers: { 'Content-Type': ' Application/WASM ' } });
    assert.ok((await wasm.compileStreaming(spelt)) instanceof wasm.Module);
  });

  for (const [what, source] of [
    ['another type', () => response(BYTES, { headers: { 'Content-Type': 'text/html' } })],
    ['no type', () => response(BYTES, {})],
    [
      'a type with parameters',
      () => response(BYTES, { headers: { 'Content-Type': 'application/wasm;x=y' } }),
    ],
    ['an error status', () => response(BYTES, { headers, status: 404 })],
    ['no response', () => 1],
    ['nothing', () => undefined],
  ]) {
    both(`${what}: TypeError`, async (wasm) => {
      await assert.rejects(wasm.compileStreaming(source()), TypeError);
      await assert.rejects(wasm.instantiateStreaming(source(), IMPORTS), TypeError);
    });
  }

  both('a body that was read: TypeError', async (wasm) => {
    const read = response();
    await read.arrayBuffer();
    await assert.rejects(wasm.compileStreaming(read), TypeError);
  });

  both('an empty body, an early end, garbage: CompileError', async (wasm) => {
    for (const bytes of [new Uint8Array(), BYTES.subarray(0, -1), new Uint8Array(100)]) {
      await assert.rejects(wasm.compileStreaming(response(bytes)), wasm.CompileError);
    }
  });

  both('a promise or body that fails: its reason', async (wasm) => {
    const reason = new Error('no connection');
    await assert.rejects(wasm.compileStreaming(Promise.reject(reason)), (error) => error === reason);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(BYTES.subarray(0, 20));
        controller.error(reason);
      },
    });
    await assert.rejects(wasm.compileStreaming(response(body)), (error) => error === reason);
  });

  both('imports that do not fit: LinkError; no import object: TypeError', async (wasm) => {
    await assert.rejects(wasm.instantiateStreaming(response(), { m: {} }), wasm.LinkError);
    await assert.rejects(wasm.instantiateStreaming(response()), TypeError);
    await assert.rejects(wasm.instantiateStreaming(response(), 1), TypeError);
  });

  both('a method then of modules is called once', async (wasm) => {
    let calls = 0;
    wasm.Module.prototype.then = function (resolve) {
      calls++;
      resolve('then');
    };
    try {
      assert.equal(await wasm.compileStreaming(response()), 'then');
    } finally {
      delete wasm.Module.prototype.then;
    }
    assert.equal(calls, 1);
  });

  both('one parameter counts', (wasm) => {
    assert.equal(wasm.compileStreaming.length, 1);
    assert.equal(wasm.instantiateStreaming.length, 1);
  });
});

describe('other sources', () => {
  const why = 'takes responses only';
  for (const [what, source] of [
    ['a readable stream of Node.js', () => Readable.from(pieces(3))],
    ['a stream of the web', () => new Blob([BYTES]).stream()],
    ['an asynchronous iterable', () => pieces(7)],
    ['a blob', () => new Blob([BYTES])],
  ]) {
    gantryOnly(what, why, async (wasm) => {
      assert.equal((await wasm.instantiateStreaming(source(), IMPORTS)).instance.exports.run(), 42);
    });
  }

  gantryOnly('a path, file: URL and file handle', why, async (wasm) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-stream-'));
    const file = path.join(folder, 'a.wasm');
    fs.writeFileSync(file, BYTES);
    const handle = await fs.promises.open(file);
    try {
      for (const source of [file, path.relative('.', file), pathToFileURL(file), handle, handle]) {
        assert.equal((await wasm.instantiateStreaming(source, IMPORTS)).instance.exports.run(), 42);
      }
      for (const source of [`${file}.none`, '', pathToFileURL(`${file}.none`)]) {
        await assert.rejects(wasm.compileStreaming(source), { code: 'ENOENT' });
      }
      for (const source of ['https://example.org/a.wasm', `${pathToFileURL(file)}`]) {
        await assert.rejects(wasm.compileStreaming(source), {
          name: 'TypeError',
          message: /is a URL and no path/,
        });
      }
    } finally {
      await handle.close();
      fs.rmSync(folder, { recursive: true });
    }
  });

  gantryOnly('any pieces give the same module', why, async (wasm) => {
    for (const size of [1, 2, 5, 16, 1000]) {
      const { exports } = new wasm.Instance(await wasm.compileStreaming(pieces(size)), IMPORTS);
      assert.equal(exports.run(), 42, `${size}`);
    }
  });

  gantryOnly('chunks that are no bytes: TypeError', why, async (wasm) => {
    await assert.rejects(wasm.compileStreaming(Readable.from(['text'])), TypeError);
  });

  gantryOnly('a sender that uses its buffer again', why, async (wasm) => {
    async function* reuse() {
      const buffer = new Uint8Array(8);
      for await (const piece of pieces(8)) {
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
      }
    }
    assert.ok((await wasm.compileStreaming(reuse())) instanceof wasm.Module);
  });

  gantryOnly('progress', why, async (wasm) => {
    const seen = [];
    await wasm.compileStreaming(pieces(50), { onProgress: ({ bytesReceived }) => seen.push(bytesReceived) });
    assert.equal(seen.at(-1), BYTES.length);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
  });

  gantryOnly('a signal stops reading, also while nothing arrives', why, async (wasm) => {
    const stalled = new PassThrough();
    stalled.write(BYTES.subarray(0, 10));
    const controller = new AbortController();
    const outcome = wasm.compileStreaming(stalled, { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(outcome, (error) => error === reason);
    assert.equal(stalled.destroyed, true);
    await assert.rejects(wasm.compileStreaming(pieces(1), { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    await assert.rejects(wasm.compileStreaming(pieces(1), { signal: 1 }), TypeError);
  });
});

test('a stream that is not read to its end is told so', async () => {
  const { WebAssembly } = await import('gantry-wasm');
  let ended = false;
  async function* source() {
    try {
      yield 'no bytes';
    } finally {
      ended = true;
    }
  }
  await assert.rejects(WebAssembly.compileStreaming(source()), TypeError);
  assert.equal(ended, true);
});
