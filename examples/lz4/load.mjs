// The TypeScript binding on every version of Node.js, of which only newer ones read TypeScript.

import { readFile } from 'node:fs/promises';
import esbuild from 'esbuild-wasm';

/** @returns {Promise<typeof import('./lz4.ts')>} */
export async function loadBinding() {
  const file = new URL('lz4.ts', import.meta.url);
  const { code } = await esbuild.transform(await readFile(file, 'utf8'), { loader: 'ts' });
  await esbuild.stop();
  const resolved = code
    .replace('import.meta.url', JSON.stringify(file.href))
    .replace('"gantry-wasm"', JSON.stringify(import.meta.resolve('gantry-wasm')));
  return import(`data:text/javascript,${encodeURIComponent(resolved)}`);
}
