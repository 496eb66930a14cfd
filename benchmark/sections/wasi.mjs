// The system interface against node:wasi, in nanoseconds a call.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { ENGINES, NAMES, readKernel } from '../lib/engines.mjs';
import { table, target } from '../lib/report.mjs';
import { median } from '../lib/stats.mjs';

const require = createRequire(import.meta.url);
const ROUNDS = 9;
const LIMIT = 0.5;
const ENTRIES = 10_000;

export const title = 'System interface, ns';

/** What is done, how often in a round, how, and what it gives. */
const ROWS = [
  ['clock_time_get', 100_000, ({ clock }, times) => clock(times)],
  ['fd_write, 1 byte', 20_000, ({ write }, times) => write(times, 1)],
  ['fd_write, 64 KiB', 20_000, ({ write }, times) => write(times, 1 << 16)],
  ['fd_read, 4 KiB in sequence', 10_000, ({ read, file }, times) => read(file, times, 4096)],
  ['fd_read, 64 KiB in sequence', 1_000, ({ read, file }, times) => read(file, times, 1 << 16)],
  ['fd_pread, 4 KiB anywhere', 10_000, ({ read_anywhere, file }, times) => read_anywhere(file, times, 4096)],
  ['path_open + fd_close', 5_000, ({ open_close }, times) => open_close(times)],
  ['path_filestat_get', 5_000, ({ stat }, times) => stat(times)],
  [`fd_readdir, ${ENTRIES} entries`, 1, ({ list, many }) => list(many), ENTRIES],
];

export async function run() {
  const folder = prepare();
  const sink = fs.openSync(os.devNull, 'w');
  try {
    return measure(folder, sink);
  } finally {
    fs.closeSync(sink);
    fs.rmSync(folder, { recursive: true });
  }
}

function prepare() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-bench-'));
  fs.writeFileSync(path.join(folder, 'file'), Buffer.alloc(1 << 20));
  fs.mkdirSync(path.join(folder, 'many'));
  for (let i = 0; i < ENTRIES; i++) fs.writeFileSync(path.join(folder, 'many', `entry-${i}`), '');
  return folder;
}

/** The program on one engine, each with its own class. */
function start(name, folder, sink) {
  const { WASI } = ENGINES[name] === ENGINES.builtin ? builtinWasi() : require('gantry-wasm');
  const { Module, Instance } = ENGINES[name];
  const wasi = new WASI({ version: 'preview1', preopens: { '/': folder }, stdout: sink });
  const instance = new Instance(new Module(readKernel('system')), wasi.getImportObject());
  wasi.initialize(instance);
  const { exports } = instance;
  return { ...exports, file: exports.open_file(), many: exports.open_list() };
}

function builtinWasi() {
  // It warns that it is experimental; that would be in the middle of the tables.
  const warn = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return require('node:wasi');
  } finally {
    process.emitWarning = warn;
  }
}

function measure(folder, sink) {
  const programs = Object.fromEntries(NAMES.map((name) => [name, start(name, folder, sink)]));
  const results = ROWS.map(([what, times, work, expected = 0]) => {
    const samples = Object.fromEntries(NAMES.map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of round % 2 ? [...NAMES].reverse() : NAMES) {
        const begin = process.hrtime.bigint();
        assert.equal(work(programs[name], times), expected, `${what} on ${name}`);
        samples[name].push(Number(process.hrtime.bigint() - begin) / times);
      }
    }
    const [gantry, builtin] = NAMES.map((name) => median(samples[name]));
    return { what, gantry, builtin, ratio: gantry / builtin };
  });
  const figure = (value) => value.toFixed(value < 100 ? 1 : 0);
  table(
    title,
    ['', 'Gantry', 'node:wasi', 'ratio'],
    results.map(({ what, gantry, builtin, ratio }) => [
      what,
      figure(gantry),
      figure(builtin),
      ratio.toFixed(2),
    ]),
  );
  return { results, targets: results.map(({ what, ratio }) => target(what, ratio, LIMIT)) };
}
