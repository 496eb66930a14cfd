// Programs of our own: C compiled to wasm, each a function `run(n)` that returns a checksum.

import { ENGINES, readKernel } from '../lib/engines.mjs';

/** The argument makes one run take some ten milliseconds. */
const SIZES = {
  matmul: 5,
  sha256: 40,
  quicksort: 2,
  nbody: 100_000,
  mandelbrot: 250,
  search: 10,
  dot: 2000,
  fib: 32,
  interpreter: 300_000,
  bulk: 1200,
};

export const kernels = Object.entries(SIZES).map(([name, size]) => ({
  name,
  async load(engine) {
    const wasm = ENGINES[engine];
    const { instance } = await wasm.instantiate(readKernel(name), {});
    const { run } = instance.exports;
    return () => run(size);
  },
}));
