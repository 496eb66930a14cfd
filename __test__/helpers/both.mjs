// Runs tests on Gantry and on Node's own engine: the second run checks what the test expects.

import { createRequire } from 'node:module';
import { test } from 'node:test';

const { WebAssembly: gantry } = createRequire(import.meta.url)('gantry-wasm');

export const engines = { gantry, builtin: globalThis.WebAssembly };
/** Node's own engine, also where the global was replaced. */
export const ofNode = globalThis[Symbol.for('gantry.test.builtin')] ?? globalThis.WebAssembly;
export const nodeMajor = Number(process.versions.node.split('.')[0]);

/**
 * @param {string} name
 * @param {(wasm: typeof WebAssembly, engine: string) => any} body
 */
export function both(name, body) {
  for (const [engine, wasm] of Object.entries(engines)) {
    test(`${name} [${engine}]`, () => body(wasm, engine));
  }
}

/** For what the built-in engine does not do as the specification says. `why` tells what it does instead. */
export function gantryOnly(name, why, body) {
  test(`${name} [gantry; built-in: ${why}]`, () => body(gantry, 'gantry'));
}
