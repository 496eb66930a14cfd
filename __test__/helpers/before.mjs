// Preload: remembers Node's own WebAssembly before anything replaces it.

globalThis[Symbol.for('gantry.test.builtin')] = globalThis.WebAssembly;
