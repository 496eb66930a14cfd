// LZ4 blocks: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md. The whole binding of the C library.

import { readFileSync } from 'node:fs';
import { WebAssembly } from 'gantry-wasm';

type Work = (source: number, target: number, size: number, capacity: number) => number;
interface Exports {
  memory: { buffer: ArrayBuffer };
  _initialize(): void;
  malloc(size: number): number;
  free(at: number): void;
  compress_bound(size: number): number;
  compress: Work;
  decompress: Work;
}

const module = new WebAssembly.Module(readFileSync(new URL('lz4.wasm', import.meta.url)));
const lz4 = new WebAssembly.Instance(module).exports as unknown as Exports;
lz4._initialize();

function run(work: Work, input: Uint8Array, capacity: number): Uint8Array {
  const at = lz4.malloc(input.length + capacity || 1);
  if (at === 0) throw new RangeError(`no memory for ${input.length + capacity} bytes`);
  try {
    new Uint8Array(lz4.memory.buffer).set(input, at);
    const size = work(at, at + input.length, input.length, capacity);
    if (size < 0) throw new Error('the compressed data is damaged, or larger than expected');
    return new Uint8Array(lz4.memory.buffer, at + input.length, size).slice();
  } finally {
    lz4.free(at);
  }
}

export const compress = (input: Uint8Array) => run(lz4.compress, input, lz4.compress_bound(input.length));

/** @param size how large the result is at most. @throws {Error} for damaged data */
export const decompress = (input: Uint8Array, size: number) => run(lz4.decompress, input, size);
