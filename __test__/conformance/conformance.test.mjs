// The JS API, step by step: Gantry passes every case, also as the global; docs/conformance.md says which ones Node's own engine does not.
// GANTRY_BLESS=1 writes the column of the running version.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { engines, nodeMajor } from '../helpers/both.mjs';
import { root } from '../helpers/engine.mjs';
import { suite } from './suite.mjs';

const RUN = fileURLToPath(new URL('run.mjs', import.meta.url));
const TABLE = path.join(root, 'docs/conformance.md');
const VERSIONS = [20, 22, 24, 26];
const DIFFERS = 'differs';

for (const { name, body } of suite) test(name, () => body(engines.gantry));

test('cases have names of their own', () => {
  assert.equal(new Set(suite.map(({ name }) => name)).size, suite.length);
});

/** The names of the cases that fail on the global of a process. */
async function failuresOf(...flags) {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, RUN], { cwd: root });
  return JSON.parse(stdout);
}

test('all cases pass on the global that gantry-wasm/install replaces', async () => {
  assert.deepEqual(await failuresOf('--import', 'gantry-wasm/install'), []);
});

test('the built-in engine differs where the table says so', async () => {
  const failed = new Set(await failuresOf());
  const { head, rows } = await readTable();
  const column = VERSIONS.indexOf(nodeMajor);
  assert.notEqual(column, -1, `the table has no column for Node.js ${nodeMajor}`);
  if (process.env.GANTRY_BLESS) return writeTable(head, rows, column, failed);
  const said = [...rows].filter(([, cells]) => cells[column] === DIFFERS).map(([name]) => name);
  return assert.deepEqual(said.sort(), [...failed].sort());
});

async function readTable() {
  const lines = (await readFile(TABLE, 'utf8')).split('\n');
  const start = lines.findIndex((line) => line.startsWith('| ---')) + 1;
  const rows = lines.slice(start).filter((line) => line.startsWith('|'));
  const cellsOf = (line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  return {
    head: lines.slice(0, start),
    rows: new Map(rows.map(cellsOf).map(([name, ...cells]) => [name, cells])),
  };
}

/** Writes the table with another column, in the order of the suite. */
async function writeTable(head, rows, column, failed) {
  const lines = [];
  for (const { name } of suite) {
    const cells = VERSIONS.map((_, i) => rows.get(name)?.[i] ?? '');
    cells[column] = failed.has(name) ? DIFFERS : '';
    if (cells.includes(DIFFERS)) lines.push(`| ${name} | ${cells.join(' | ')} |`);
  }
  await writeFile(TABLE, [...head, ...lines, ''].join('\n'));
}
