// The smallest useful modules, written byte by byte: (func (export "add") (param i32 i32) (result i32)), a memory, an import.

const section = (id, ...content) => [id, content.length, ...content];
const name = (text) => [text.length, ...Buffer.from(text)];

const TYPE = section(1, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f);
const FUNCTION = section(3, 1, 0);
const MEMORY = section(5, 1, 0, 1);
const CODE = section(10, 1, 7, 0, 0x20, 0, 0x20, 1, 0x6a, 0x0b);
const EXPORT_ADD = [...name('add'), 0, 0];
const EXPORT_MEMORY = [...name('memory'), 2, 0];

const module = (...sections) => Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat());

export const withoutMemory = module(TYPE, FUNCTION, section(7, 1, ...EXPORT_ADD), CODE);
export const withMemory = module(
  TYPE,
  FUNCTION,
  MEMORY,
  section(7, 2, ...EXPORT_ADD, ...EXPORT_MEMORY),
  CODE,
);

/** (func (export "f")) (func (export "trap") unreachable) */
export const trapping = module(
  section(1, 1, 0x60, 0, 0),
  section(3, 2, 0, 0),
  section(7, 2, ...name('f'), 0, 0, ...name('trap'), 0, 1),
  section(10, 2, 2, 0, 0x0b, 3, 0, 0, 0x0b),
);

/**
 * (func (export "f") (param i32 i32) (result i32)), which adds, beside an imported function of that type and name.
 * @param {string} label makes the module another one than others
 * @param {string} [next] the module that it imports from
 */
export function chained(label, next) {
  const imports = next === undefined ? [] : section(2, 1, ...name(next), ...name('f'), 0, 0);
  const exported = section(7, 1, ...name('f'), 0, next === undefined ? 0 : 1);
  return module(TYPE, imports, FUNCTION, exported, CODE, section(0, ...name(label)));
}
