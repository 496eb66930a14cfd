// Builds the example: .wat to .wasm and TypeScript to dist. What it makes of the packages is checked in.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

/** @param {string} [outDir] where the JavaScript goes */
export function compile(outDir = path.join(here, 'dist')) {
  // TypeScript's own way to be called within a process is its command line.
  const args = [require.resolve('typescript/bin/tsc'), '-p', here, '--outDir', outDir];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tsc ended with ${status}:\n${stdout}`);
}

/** The two packages, with their types. */
async function packages() {
  const wabt = await require('wabt')();
  for (const name of ['mix', 'fingerprint']) {
    const source = path.join(here, 'packages', name, `${name}.wat`);
    const module = wabt.parseWat(source, readFileSync(source, 'utf8'));
    const target = source.replace(/\.wat$/, '.wasm');
    writeFileSync(target, module.toBinary({ write_debug_names: true }).buffer);
    const cli = path.join(here, '../../js/cli/main.js');
    const { status, stderr } = spawnSync(process.execPath, [cli, 'types', target], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await packages();
  compile();
}
