// Modules byte by byte, for what no text format can say in reasonable time.

/** Unsigned LEB128. */
export function leb(value) {
  let rest = BigInt(value);
  const bytes = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return bytes;
}

const flat = (part) =>
  part instanceof Uint8Array || typeof part === 'number' ? part : Uint8Array.from(part);

/** Bytes of numbers, arrays of bytes, and nested lists of such. */
export function bytes(...parts) {
  const chunks = parts.map(flat).map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part));
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** A section with these contents. */
export function section(id, ...contents) {
  const body = bytes(...contents);
  return bytes(id, leb(body.length), body);
}

/** The same item many times, after its number. */
export function repeated(count, item) {
  const one = bytes(item);
  const all = new Uint8Array(one.length * count);
  for (let i = 0; i < count; i++) all.set(one, i * one.length);
  return bytes(leb(count), all);
}

/** Items that differ, after their number. */
export function list(count, item) {
  return bytes(leb(count), Array.from({ length: count }, (_, index) => item(index)).flat());
}

export const HEADER = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

export const binary = (...sections) => bytes(HEADER, ...sections);

export const Id = {
  CUSTOM: 0,
  TYPE: 1,
  IMPORT: 2,
  FUNCTION: 3,
  TABLE: 4,
  MEMORY: 5,
  GLOBAL: 6,
  EXPORT: 7,
  START: 8,
  ELEMENT: 9,
  CODE: 10,
  DATA: 11,
  DATA_COUNT: 12,
  TAG: 13,
};
