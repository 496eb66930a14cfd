// JavaScript → package A (wasm) → package B (wasm) → a host module (JavaScript), which an import map chooses.

import { fingerprint, memory } from 'fingerprint';
import { steps } from 'mix';

const PAGE = 65536;

/** Eight hexadecimal digits for a text, which depend on the host's salt too. */
export function fingerprintOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const missing = bytes.length - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  new Uint8Array(memory.buffer).set(bytes);
  return (fingerprint(0, bytes.length) >>> 0).toString(16).padStart(8, '0');
}

/** How many numbers the last fingerprint took. */
export { steps };
