// WebAssembly text to binary, with the name section, by wabt (which is wasm itself, on Node's own engine).

import { createRequire } from 'node:module';
import initWabt from 'wabt';

const { host } = createRequire(import.meta.url)('../../js/binding.js');

const wabt = await initWabt();
const FEATURES = {
  tail_call: true,
  multi_memory: true,
  exceptions: true,
  relaxed_simd: true,
  memory64: true,
  threads: true,
};

/** @returns {Uint8Array} */
export function wat(text) {
  const module = wabt.parseWat('test.wat', text, FEATURES);
  try {
    return module.toBinary({ write_debug_names: true }).buffer.slice();
  } finally {
    module.destroy();
  }
}

/** The exports of an instance of a module in text form. */
export function instanceOf(WebAssembly, text, imports) {
  return new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports;
}

/** As `wat`, by the engine's own tools, which know all of the text format. @returns {Uint8Array} */
export function text(source) {
  const outcome = host.parseText(source, 'test.wat');
  if (typeof outcome === 'string') throw new SyntaxError(outcome);
  return outcome;
}
