// Types of mix.wasm, written by gantry types. Changes are lost.
/*
 * Imports:
 *   "fingerprint-host" "salt": () => number
 *   "fingerprint-host" "progress": (mixed: number) => void
 */
export function steps(): number;
export function begin(): number;
export function mix(state: number, value: number): number;
export {};
