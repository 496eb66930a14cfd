// compileStreaming of responses that were compiled before: found by URL and validator, without their body.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { scriptWith, succeed } from './helpers/child.mjs';
import { wat } from './helpers/wat.mjs';

const FILLER = Array.from(
  { length: 1500 },
  (_, i) => `(func (param i32) (result i32) local.get 0 i32.const ${i} i32.add)`,
).join('');
const moduleOf = (answer) =>
  wat(`(module (func (export "answer") (result i32) i32.const ${answer}) ${FILLER})`);
const [ONE, TWO] = [moduleOf(1), moduleOf(2)];

const LONG_AGO = 'Tue, 01 Jun 2021 10:00:00 GMT';
const STALL = 'stall';

/** What the server sends for a path: headers, and one body for each request; the last again and again. */
const resources = new Map();
let server;
let origin;
let folder;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-responses-'));
  server = createServer(answer);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
});

after(() => {
  server.closeAllConnections();
  server.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function answer({ url }, response) {
  const { headers, bodies, status = 200 } = resources.get(url);
  const body = bodies.length > 1 ? bodies.shift() : bodies[0];
  response.writeHead(status, { 'Content-Type': 'application/wasm', ...headers });
  if (body === STALL) response.write(ONE.subarray(0, 100));
  else response.end(body);
}

/** Compiles the responses of URLs one after the other, and prints what their modules answer. */
const SCRIPT = scriptWith(
  {},
  `for (const url of JSON.parse(process.env.TEST_URLS)) {
    const response = await fetch(url);
    const module = await WebAssembly.compileStreaming(response);
    assert.equal(response.bodyUsed, true);
    console.log(new WebAssembly.Instance(module).exports.answer());
  }`,
);

const cacheIn = (name) => path.join(folder, name);
/** All code is made, and kept, before a module can be used. */
const TIER = { GANTRY_TIER: 'optimized' };

async function answersOf(cache, urls) {
  const env = {
    ...TIER,
    GANTRY_CACHE: cache === 'off' ? cache : cacheIn(cache),
    TEST_URLS: JSON.stringify(urls),
  };
  return (await succeed(SCRIPT, { env })).split('\n').map(Number);
}

/** Serves something under a path of its own. */
function serve(headers, bodies, { name = `/${resources.size}.wasm`, status } = {}) {
  resources.set(name, { headers, bodies, status });
  return origin + name;
}

describe('a response that was compiled before', () => {
  for (const [what, headers] of [
    ['with a strong ETag', { ETag: '"a-1"' }],
    ['that was modified long before it was sent', { 'Last-Modified': LONG_AGO }],
    ['with both', { ETag: '"b"', 'Last-Modified': new Date().toUTCString(), Vary: 'Accept' }],
  ]) {
    test(`${what}: its body is not read`, async () => {
      const url = serve(headers, [ONE, STALL]);
      assert.deepEqual(await answersOf('found', [url]), [1]);
      assert.deepEqual(await answersOf('found', [url, `${url}#fragment`]), [1, 1]);
    });
  }

  test('is found where a redirect ended', async () => {
    const url = serve({ ETag: '"target"' }, [ONE, STALL]);
    const from = serve({ Location: url }, [''], { status: 302 });
    assert.deepEqual(await answersOf('redirect', [from, url, from]), [1, 1, 1]);
  });
});

describe('the body counts', () => {
  for (const [what, headers, status] of [
    ['without a validator', {}],
    ['with a weak ETag', { ETag: 'W/"a"', 'Last-Modified': LONG_AGO }],
    ['with something like an ETag', { ETag: 'a' }],
    ['that was modified just now', { 'Last-Modified': new Date().toUTCString() }],
    ['of several that were modified then', { 'Last-Modified': LONG_AGO, Vary: 'Accept-Language' }],
    ['that must not be stored', { ETag: '"a"', 'Cache-Control': 'max-age=60, No-Store' }],
    ['that is a part', { ETag: '"a"', 'Content-Range': 'bytes 0-9/100' }, 206],
    ['with another status', { ETag: '"a"' }, 203],
  ]) {
    test(`of a response ${what}`, async () => {
      const url = serve(headers, [ONE, TWO], { status });
      assert.deepEqual(await answersOf('body', [url, url]), [1, 2]);
    });
  }

  test('when the validator is another one, or the URL', async () => {
    const url = serve({ ETag: '"first"' }, [ONE]);
    assert.deepEqual(await answersOf('changed', [url]), [1]);
    resources.set(new URL(url).pathname, { headers: { ETag: '"second"' }, bodies: [TWO] });
    const query = serve({ ETag: '"first"' }, [TWO], { name: `${new URL(url).pathname}?query` });
    assert.deepEqual(await answersOf('changed', [url, query]), [2, 2]);
  });

  test('when the cache is off, or has lost one of its entries, or they are damaged', async () => {
    const url = serve({ ETag: '"kept"' }, [ONE]);
    assert.deepEqual(await answersOf('off', [url, url]), [1, 1]);
    for (const extension of ['.gtx', '.gtn']) {
      for (const change of [fs.rmSync, damage]) {
        assert.deepEqual(await answersOf('lost', [url]), [1]);
        // That of the client which fetch has in wasm is among them.
        const entries = fs.readdirSync(cacheIn('lost'));
        const chosen = entries.filter((name) => name.endsWith(extension));
        assert.notEqual(chosen.length, 0);
        for (const name of chosen) change(path.join(cacheIn('lost'), name));
        assert.deepEqual(await answersOf('lost', [url]), [1]);
        assert.deepEqual(fs.readdirSync(cacheIn('lost')).sort(), entries.sort());
      }
    }
  });

  test('when a program has made the response', async () => {
    const url = serve({ ETag: '"real"' }, [ONE]);
    const env = {
      ...TIER,
      GANTRY_CACHE: cacheIn('made'),
      TEST_URLS: JSON.stringify([url]),
      TEST_TWO: Buffer.from(TWO).toString('base64'),
    };
    const script = `${SCRIPT.slice(0, -'})();'.length)}
      const headers = { ETag: '"real"', 'Content-Type': 'application/wasm' };
      const made = new Response(Buffer.from(process.env.TEST_TWO, 'base64'), { headers });
      Object.defineProperty(made, 'url', { value: JSON.parse(process.env.TEST_URLS)[0] });
      const module = await WebAssembly.compileStreaming(made);
      console.log(new WebAssembly.Instance(module).exports.answer());
    })();`;
    assert.equal(await succeed(script, { env }), '1\n2');
  });
});

function damage(file) {
  const bytes = fs.readFileSync(file);
  bytes[bytes.length - 1] ^= 1;
  fs.writeFileSync(`${file}.new`, bytes);
  fs.renameSync(`${file}.new`, file);
}

test('a signal that fires meanwhile', async () => {
  const url = serve({ ETag: '"signal"' }, [ONE, STALL]);
  await answersOf('signal', [url]);
  const script = scriptWith(
    {},
    `const response = await fetch(process.env.TEST_URL);
    const controller = new AbortController();
    const compiling = WebAssembly.compileStreaming(response, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await assert.rejects(compiling, { name: 'AbortError' });`,
  );
  await succeed(script, { env: { GANTRY_CACHE: cacheIn('none'), TEST_URL: url } });
});
