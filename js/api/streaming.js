'use strict';
// Modules from sources that arrive in pieces.
// https://webassembly.github.io/spec/web-api/#streaming-modules

const { host } = require('../binding');
const { readCompileOptions } = require('./builtins');
const { tell } = require('./compiled');
const { CompileError } = require('../errors');
const { checked, idOfModule, moduleOf, readTier } = require('./module');
const responses = require('./responses');
const { isObject } = require('./webidl');

const MIME_TYPE = 'application/wasm';
/** Bytes that are copied for other threads at a time: what takes a millisecond or two. */
const PIECE = 4 << 20;

/**
 * Beyond the specification, which knows responses only: streams of Node.js and of the web, other asynchronous iterables of
 * bytes, blobs, file handles, and paths, also as `file:` URLs.
 * Chunks are handed to other threads, which decode and validate while more arrives, or look whether they go on like a module in the
 * cache; more is asked for while one is worked on.
 * The module comes in a box, as that of `compileAsync`.
 */
async function compileStream(source, options, what) {
  const { signal, onProgress } = readOptions(options, what);
  const asked = readCompileOptions(options, what);
  const tier = readTier(options, what);
  signal?.throwIfAborted();
  const started = performance.now();
  const given = await source;
  const chunks = chunksOf(given, what);
  const name = isResponse(given) ? responses.nameOf(given) : undefined;
  if (name !== undefined) {
    const found = await responses.find(given, name);
    if (found !== null) {
      signal?.throwIfAborted();
      const module = moduleOf(found, asked);
      tell(module, 0, started);
      return { __proto__: null, module };
    }
  }
  const { found, bytesReceived } = await receive(chunks, { signal, onProgress, tier }, what);
  const module = moduleOf(found, asked);
  tell(module, bytesReceived, started);
  if (name !== undefined) host.rememberResponse(name, idOfModule(module));
  return { __proto__: null, module };
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
  if (isPath(source, what)) return require('node:fs').createReadStream(source);
  if (source instanceof Blob) return source.stream();
  // A file handle of node:fs/promises.
  if (typeof source?.createReadStream === 'function')
    return source.createReadStream({ autoClose: false, start: 0 });
  if (typeof source?.[Symbol.asyncIterator] === 'function') return source;
  throw new TypeError(
    `${what}: the first argument must be a Response, a stream of bytes, a path, or a promise of one`,
  );
}

function isPath(source, what) {
  if (typeof source !== 'string') return source instanceof URL && source.protocol === 'file:';
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(source)) {
    throw new TypeError(
      `${what}: "${source}" is a URL and no path; pass fetch(url), or a URL object for a file`,
    );
  }
  return true;
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

/**
 * Takes chunks until there are no more. Resolves to what `host.compileAsync` gives, and how many bytes there were.
 * Two pieces are with other threads at most, so that they need not wait for the next; the sender waits when it is faster.
 */
async function receive(chunks, { signal, onProgress, tier }, what) {
  const iterator = iteratorOf(chunks);
  const stream = host.streamBegin(tier);
  const progress = { bytesReceived: 0, functionsReady: 0, functionsTotal: 0 };
  const ending = endingOf(signal);
  const report = (phase) => ending.isOver() || onProgress?.({ ...progress, phase });
  const push = async (piece) => {
    const { error, functionsReady, functionsTotal } = await host.streamPush(stream, piece);
    if (error) throw new CompileError(`${what}: ${error}`);
    progress.bytesReceived += piece.length;
    Object.assign(progress, { functionsReady, functionsTotal });
    report('receiving');
  };
  const unlessEnded = (promise) => Promise.race([promise, ending.promise]);
  try {
    let pushed;
    let before;
    for (;;) {
      const { done, value } = await unlessEnded(iterator.next());
      if (done) break;
      for (const piece of pieces(toBytes(value, what))) {
        await unlessEnded(before);
        before = pushed;
        pushed = push(piece);
        pushed.catch(ending.reject);
      }
    }
    await unlessEnded(pushed);
    report('compiling');
    const found = checked(await unlessEnded(host.streamFinish(stream)), what);
    progress.functionsReady = progress.functionsTotal = host.functionsIn(found);
    report('ready');
    return { found, bytesReceived: progress.bytesReceived };
  } catch (error) {
    stop(iterator);
    throw error;
  } finally {
    ending.forget();
    host.streamClose(stream);
  }
}

function* pieces(bytes) {
  for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE);
}

/** Whoever sends is to stop; what it says to that does not matter any more. */
function stop(iterator) {
  Promise.resolve(iterator.stop?.()).catch(() => {});
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

/** A view that native code can copy from before the sender uses its buffer again: of shared bytes, that is a copy. */
function toBytes(chunk, what) {
  if (ArrayBuffer.isView(chunk))
    return plain(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  throw new TypeError(`${what}: the stream has a chunk that is not bytes but ${typeof chunk}`);
}

const plain = (bytes) => (bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes));

/** A promise that is rejected when the signal fires, or for another reason, until it is forgotten. */
function endingOf(signal) {
  let reject;
  let over = false;
  const promise = new Promise((_, rejectPromise) => (reject = rejectPromise));
  promise.catch(() => {});
  const listener = () => reject(signal.reason);
  if (signal?.aborted) listener();
  signal?.addEventListener('abort', listener, { once: true });
  const forget = () => {
    over = true;
    signal?.removeEventListener('abort', listener);
  };
  return { promise, reject, forget, isOver: () => over };
}

module.exports = { compileStream };
