// The two engines that are compared, and how a package is loaded on one of them.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const builtin = globalThis.WebAssembly;

/** GANTRY_BENCH_ENGINE=builtin compares the built-in engine with itself: it shows the noise of the machine. */
const gantry = process.env.GANTRY_BENCH_ENGINE === 'builtin' ? builtin : require('gantry-wasm').WebAssembly;

export const ENGINES = { gantry, builtin };
export const NAMES = Object.keys(ENGINES);

/** Runs `body` while the global WebAssembly is the engine's: some packages look it up at each use. */
export async function withEngine(name, body) {
  globalThis.WebAssembly = ENGINES[name];
  try {
    return await body();
  } finally {
    globalThis.WebAssembly = builtin;
  }
}

/** A copy of a CommonJS package of its own: packages keep their module or instance in a variable. */
export function freshRequire(specifier) {
  const folder = require.resolve(specifier).replace(/(node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+).*/, '$1');
  for (const file of Object.keys(require.cache)) if (file.startsWith(folder)) delete require.cache[file];
  return require(specifier);
}

export const readPackageFile = (file, encoding) =>
  readFileSync(fileURLToPath(new URL(`../../node_modules/${file}`, import.meta.url)), encoding);

export const readKernel = (name) => readFileSync(new URL(`../kernels/wasm/${name}.wasm`, import.meta.url));
