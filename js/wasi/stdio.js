'use strict';
// Standard streams for programs over functions and Node.js streams.
//
// A program runs without giving the event loop a turn. So it can write to a stream, which keeps what it cannot pass on at
// once, but from a stream it can only read what has arrived before.

const { backend, systemError } = require('./backend');

const isReadable = (value) => typeof value?.read === 'function' && typeof value.on === 'function';
const isWritable = (value) => typeof value?.write === 'function' && typeof value.on === 'function';

/** @param {((size: number) => string | Uint8Array | null | undefined) | import('node:stream').Readable} source */
function input(source, failure) {
  const next = typeof source === 'function' ? source : (size) => arrived(source, size);
  let rest = Buffer.alloc(0);
  const read = (_, __, size) => {
    if (rest.length === 0) rest = bytesOf(next(size));
    const bytes = rest.subarray(0, size);
    rest = rest.subarray(bytes.length);
    return { bytes };
  };
  return backend({ read, write: refuse }, failure);
}

function bytesOf(chunk) {
  if (chunk === null || chunk === undefined) return Buffer.alloc(0);
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  throw new TypeError('WASI: what stdin gives must be a string, bytes, or nothing at the end');
}

function arrived(stream, size) {
  const chunk = stream.read(Math.min(size, stream.readableLength) || undefined);
  if (chunk !== null) return chunk;
  if (stream.readableEnded || stream.destroyed || stream.readableEnded) return null;
  throw new Error(
    'WASI: the program reads more from the stream stdin than has arrived, and cannot wait for it: pass a descriptor, or ' +
      'all the bytes, for example await buffer(stream) of node:stream/consumers',
  );
}

/** @param {((bytes: Buffer) => void) | import('node:stream').Writable} target */
function output(target, failure) {
  const put = typeof target === 'function' ? target : (bytes) => passOn(target, bytes);
  const write = (_, __, ___, ____, bytes) => {
    put(bytes);
    return { number: bytes.length };
  };
  return backend({ write, read: refuse }, failure);
}

function passOn(stream, bytes) {
  if (stream.destroyed || stream.writableEnded) throw systemError('EPIPE');
  stream.write(bytes);
}

function refuse() {
  throw systemError('EBADF');
}

module.exports = { input, output, isReadable, isWritable };
