// All cases of the suite, and how one is run.

import * as bytes from './cases/bytes.mjs';
import * as exceptions from './cases/exceptions.mjs';
import * as functions from './cases/functions.mjs';
import * as interfaces from './cases/interfaces.mjs';
import * as memories from './cases/memories.mjs';
import * as modules from './cases/modules.mjs';
import * as options from './cases/options.mjs';
import * as promises from './cases/promises.mjs';
import * as realms from './cases/realms.mjs';
import * as references from './cases/references.mjs';
import * as tables from './cases/tables.mjs';

const AREAS = [
  interfaces,
  bytes,
  modules,
  memories,
  tables,
  exceptions,
  functions,
  options,
  promises,
  realms,
  references,
];

/** @type {{ name: string, body: (wasm: typeof WebAssembly) => any }[]} */
export const suite = AREAS.flatMap(({ title, cases }) =>
  Object.entries(cases).flatMap(([step, bodies]) =>
    Object.entries(bodies).map(([what, body]) => ({ name: `${title}: ${step}: ${what}`, body })),
  ),
);

/** What a case fails with; undefined when it passes. */
export async function failure({ body }, wasm) {
  try {
    await body(wasm);
    return undefined;
  } catch (error) {
    return error;
  }
}
