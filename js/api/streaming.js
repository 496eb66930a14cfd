'use strict';
// Modules from sources that arrive in pieces.
// https://webassembly.github.io/spec/web-api/#streaming-modules

const { host } = require('../binding');
const { compileAsync, idOfModule, moduleOf } = require('./module');
const responses = require('./responses');
const { isObject } = require('./webidl');

const MIME_TYPE = 'application/wasm';

/**
 * Beyond the specification, which knows responses only: streams of Node.js and of the web, other asynchronous iterables of
 * bytes, blobs, file handles, and paths as `file:` URLs.
 * @param {{ signal?: AbortSignal, onProgress?: (progress: { bytesReceived: number }) => void }} options
 */
async function compileStream(source, options, what) {
  const { signal, onProgress } = readOptions(options, what);
  signal?.throwIfAborted();
  const given = await source;
  const chunks = chunksOf(given, what);
  const compile = async () => compileAsync(await gather(chunks, signal, onProgress, what), options, what);
  const name = isResponse(given) ? responses.nameOf(given) : undefined;
  if (name === undefined) return compile();
  const found = await responses.find(given, name);
  if (found !== null) {
    signal?.throwIfAborted();
    return moduleOf(found, options, what);
  }
  const module = await compile();
  host.rememberResponse(name, idOfModule(module));
  return module;
}

function readOptions(options, what) {
  if (options === undefined) return {};
  if (!isObject(options)) throw new TypeError(`${what}: the second argument must be an object`);
  const { signal, onProgress } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`${what}: signal must be an AbortSignal`);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new TypeError(`${what}: onProgress must be a function`);
  }
  return { signal, onProgress };
}

/** https://webassembly.github.io/spec/web-api/#compile-a-potential-webassembly-response, up to the body's bytes */
function chunksOf(source, what) {
  if (isResponse(source)) return responseChunks(source, what);
  if (source instanceof URL && source.protocol === 'file:')
    return require('node:fs').createReadStream(source);
  if (source instanceof Blob) return source.stream();
  // A file handle of node:fs/promises.
  if (typeof source?.createReadStream === 'function')
    return source.createReadStream({ autoClose: false, start: 0 });
  if (typeof source?.[Symbol.asyncIterator] === 'function') return source;
  throw new TypeError(
    `${what}: the first argument must be a Response, a stream of bytes, or a promise of one`,
  );
}

/** Those of packages are no instances of the global class. */
function isResponse(value) {
  return (
    (typeof Response === 'function' && value instanceof Response) ||
    (value?.[Symbol.toStringTag] === 'Response' && typeof value.headers?.get === 'function')
  );
}

function responseChunks(response, what) {
  const type = response.headers.get('Content-Type') ?? '';
  // Parameters are not allowed, white space is.
  if (type.trim().toLowerCase() !== MIME_TYPE) {
    throw new TypeError(`${what}: the response has the MIME type "${type}"; it must be "${MIME_TYPE}"`);
  }
  if (!response.ok) throw new TypeError(`${what}: the response has the HTTP status ${response.status}`);
  if (response.bodyUsed || response.body?.locked) {
    throw new TypeError(`${what}: the response has been read already`);
  }
  return response.body ?? [];
}

async function gather(chunks, signal, onProgress, what) {
  const parts = [];
  let bytesReceived = 0;
  const iterator = iteratorOf(chunks);
  const aborted = abortion(signal);
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), aborted.promise]);
      if (done) return Buffer.concat(parts, bytesReceived);
      const bytes = toBytes(value, what);
      parts.push(bytes);
      bytesReceived += bytes.length;
      onProgress?.({ bytesReceived });
    }
  } catch (error) {
    // Whoever sends is to stop; what it says to that does not matter any more.
    Promise.resolve(iterator.stop?.()).catch(() => {});
    throw error;
  } finally {
    aborted.forget();
  }
}

/** With `stop` for the middle of a read, when generators cannot be told to return. */
function iteratorOf(chunks) {
  if (typeof chunks.getReader === 'function') {
    const reader = chunks.getReader();
    return { next: () => reader.read(), stop: () => reader.cancel() };
  }
  const iterator = (chunks[Symbol.asyncIterator] ?? chunks[Symbol.iterator]).call(chunks);
  const stop = () => (typeof chunks.destroy === 'function' ? chunks.destroy() : iterator.return?.());
  return { next: () => iterator.next(), stop };
}

/** Copies, because the sender may use its buffer again. */
function toBytes(chunk, what) {
  if (ArrayBuffer.isView(chunk))
    return Buffer.from(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  if (chunk instanceof ArrayBuffer) return Buffer.from(new Uint8Array(chunk));
  throw new TypeError(`${what}: the stream has a chunk that is not bytes but ${typeof chunk}`);
}

/** A promise that is rejected when the signal fires. */
function abortion(signal) {
  if (!signal) return { promise: new Promise(() => {}), forget() {} };
  let listener;
  const promise = new Promise((_, reject) => {
    listener = () => reject(signal.reason);
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
  });
  promise.catch(() => {});
  return { promise, forget: () => signal.removeEventListener('abort', listener) };
}

module.exports = { compileStream };
