// Imports of .wasm files through the loader, from the cache, beside imports of JavaScript modules.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureInChild } from '../lib/child.mjs';
import { table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';
import { chained } from '../lib/tiny.mjs';

const ROUNDS = 9;
const MODULES = 200;
const REGISTER = fileURLToPath(new URL('../../register.mjs', import.meta.url));

export const title = 'Imports of .wasm files, cached, ms';

export async function run({ quick }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gantry-bench-'));
  try {
    writeModules(folder);
    const samples = await measure(folder, quick ? 3 : ROUNDS);
    return report(samples);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeModules(folder) {
  const write = (name, content) => writeFileSync(path.join(folder, name), content);
  write('warm.mjs', 'export const f = (x) => x;');
  for (const i of [0, 1]) {
    const wasm = chained(`small${i}`);
    write(`small${i}.wasm`, wasm);
    write(`small${i}.mjs`, `export const f = (x, y) => x + y;`.padEnd(wasm.length));
  }
  // Each imports the next one.
  for (let i = 0; i < MODULES; i++) {
    const isLast = i + 1 === MODULES;
    write(`graph${i}.wasm`, chained(`graph${i}`, isLast ? undefined : `./graph${i + 1}.wasm`));
    const next = isLast ? '' : `import { f as g } from './graph${i + 1}.mjs'; g;`;
    write(`graph${i}.mjs`, `${next} export const f = (x, y) => x + y;`);
  }
}

async function measure(folder, rounds) {
  const options = { env: { GANTRY_CACHE: path.join(folder, 'cache') }, flags: ['--import', REGISTER] };
  // The first process fills the cache.
  await measureInChild('modules.mjs', [folder], options);
  const samples = [];
  for (let i = 0; i < rounds; i++) samples.push(await measureInChild('modules.mjs', [folder], options));
  return samples;
}

function report(samples) {
  const of = (key) => median(samples.map((sample) => sample[key]));
  const row = (name, js, wasm) => [
    name,
    of(js).toFixed(2),
    of(wasm).toFixed(2),
    (of(wasm) - of(js)).toFixed(2),
  ];
  const rows = [
    row('a small module, the first of the process', 'firstJs', 'firstWasm'),
    row('a small module', 'js', 'wasm'),
    row(`${MODULES} modules, each imports the next`, 'graphJs', 'graphWasm'),
  ];
  table(title, ['import', 'JavaScript', 'wasm', 'more'], rows);
  const targets = [
    target('import of a small module, more than JavaScript', of('wasm') - of('js'), 2, 'ms'),
    target('the same, the first of the process', of('firstWasm') - of('firstJs'), undefined, 'ms'),
    target(`${MODULES} wasm modules in one graph`, of('graphWasm'), 300, 'ms'),
  ];
  return { results: samples, targets };
}
