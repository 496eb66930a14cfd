// How many functions a module defines: the first number of its function section.

const FUNCTION_SECTION = 3;

export function countFunctions(bytes) {
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = number();
    if (id === FUNCTION_SECTION) return number();
    at += size;
  }
  return 0;

  /** An unsigned LEB128 number. */
  function number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
}
