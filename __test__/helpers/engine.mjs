// Which engine the tests run on, and the command line that puts a child process on it.

import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** GANTRY_TEST_ENGINE=builtin checks the expected answers against Node's own engine. */
export const engineName = process.env.GANTRY_TEST_ENGINE ?? 'gantry';

const helper = (name) => pathToFileURL(path.join(root, '__test__/helpers', name)).href;

/** Node arguments: replace the global, then count what goes through it. */
export function preloads() {
  const install = engineName === 'gantry' ? ['--import', 'gantry-wasm/install'] : [];
  return ['--import', helper('before.mjs'), ...install, '--import', helper('count.mjs')];
}

/** Throws unless the global WebAssembly of this process is the one of the engine under test. */
export function checkGlobal() {
  const builtin = globalThis[Symbol.for('gantry.test.builtin')];
  const replaced = globalThis.WebAssembly !== builtin;
  if (engineName !== 'gantry') {
    if (replaced) throw new Error('the global WebAssembly is not the built-in one');
    return;
  }
  const gantry = createRequire(import.meta.url)('gantry-wasm').WebAssembly;
  if (!replaced) throw new Error('gantry-wasm/install left the built-in WebAssembly in place');
  if (globalThis.WebAssembly.Memory !== gantry.Memory) throw new Error('the global is not the one of Gantry');
}
