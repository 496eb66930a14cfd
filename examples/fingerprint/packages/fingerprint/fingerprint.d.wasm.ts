// Types of fingerprint.wasm, written by gantry types. Changes are lost.
/*
 * Imports:
 *   "mix" "begin": () => number
 *   "mix" "mix": (state: number, value: number) => number
 */
export const memory: WebAssembly.Memory;
export function fingerprint(start: number, length: number): number;
export {};
