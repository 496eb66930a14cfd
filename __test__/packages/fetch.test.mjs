// Node's own fetch: undici parses HTTP with llhttp compiled to wasm, and takes WebAssembly from the global.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { packageTest } from '../helpers/package.mjs';

packageTest(import.meta, 'fetch (undici)', async (used) => {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${server.address().port}`;

  const plain = await fetch(`${base}/plain`);
  assert.equal(plain.status, 200);
  assert.equal(plain.headers.get('x-answer'), 'forty-two');
  assert.deepEqual(await plain.json(), { method: 'GET', url: '/plain', body: '' });
  assert.ok(used.exports.has('llhttp_execute'), 'llhttp was not instantiated through the global');

  const posted = await fetch(`${base}/post`, { method: 'POST', body: 'x'.repeat(100_000) });
  assert.equal((await posted.json()).body.length, 100_000);
  const chunked = await (await fetch(`${base}/chunked`)).text();
  assert.equal(chunked, Array.from({ length: 500 }, (_, i) => `chunk ${i}\n`).join(''));

  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => fetch(`${base}/${i}`)));
  const urls = await Promise.all(many.map(async (response) => (await response.json()).url));
  assert.deepEqual(
    urls,
    Array.from({ length: 50 }, (_, i) => `/${i}`),
  );
  await assert.rejects(fetch(`${base}/garbage`), (error) => /HTTPParserError/.test(String(error.cause)));
  server.close();
});

async function answer(request, response) {
  if (request.url === '/garbage') return request.socket.end('HTTP/9.9 what\r\n\r\n');
  response.setHeader('x-answer', 'forty-two');
  if (request.url === '/chunked') {
    for (let i = 0; i < 500; i++) response.write(`chunk ${i}\n`);
    return response.end();
  }
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return response.end(JSON.stringify({ method: request.method, url: request.url, body }));
}
