// The demo: SQLite on Gantry answers questions about 150,000 flights, with Node's built-in engine beside it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { countFunctions } from './count.mjs';
import { FLIGHTS } from './data.mjs';
import { bar, bold, cyan, dim, green, milliseconds, printTable } from './print.mjs';
import { QUERIES } from './queries.mjs';
import { openSqlite, stopwatch, wasmFile } from './sqlite.mjs';

const ROUNDS = 3;
const builtin = globalThis.WebAssembly;
const gantry = process.env.GANTRY_DEMO_ENGINE === 'builtin' ? builtin : loadGantry();

function loadGantry() {
  return createRequire(import.meta.url)('gantry-wasm').WebAssembly;
}

console.log(
  bold('\nSQLite on Gantry'),
  dim(`— Node ${process.version}, ${process.platform} ${process.arch}`),
);
const sides = { Gantry: await openSqlite(gantry), 'built-in': await openSqlite(builtin) };
printSetUp();
const timings = QUERIES.map(ask);
printTimings();
for (const { db } of Object.values(sides)) db.close();

function printSetUp() {
  const bytes = readFileSync(wasmFile);
  const size = `${(bytes.length / 1024).toFixed(0)} KB`;
  console.log(
    `\n  ${bold('sql-wasm.wasm')}: ${size}, ${countFunctions(bytes).toLocaleString('en-US')} functions`,
  );
  const columns = [
    'engine',
    'compile',
    'instantiate',
    `${FLIGHTS.toLocaleString('en-US')} flights in`,
    'rows/s',
  ];
  const values = Object.entries(sides).map(([name, { times }]) => {
    const rate = Math.round(FLIGHTS / times.load);
    return [
      name,
      milliseconds(times.compile),
      milliseconds(times.instantiate),
      milliseconds(times.load),
      `${rate}k`,
    ];
  });
  printTable({ columns, values });
  console.log(
    dim('  Gantry compiles everything at its best setting; the built-in engine starts with quick code.'),
  );
}

/** Prints Gantry's answer; the built-in engine has to give the same. */
function ask({ kind, title, sql, bar: barOf }) {
  const answers = Object.values(sides).map(({ db }) => db.exec(sql));
  assert.deepEqual(answers[0], answers[1], `${title}: the engines disagree`);
  console.log(`\n${green('▸')} ${bold(title)} ${dim(`(${kind})`)}\n`);
  printTable(answers[0][0], barOf);
  return { kind, ...time(sql) };
}

/** The engines take turns, and the best of the rounds counts: what is wanted is the code's speed. */
function time(sql) {
  const best = { Gantry: Infinity, 'built-in': Infinity };
  for (let i = 0; i < ROUNDS; i++) {
    for (const [name, { db }] of Object.entries(sides)) {
      const timer = stopwatch();
      db.exec(sql);
      best[name] = Math.min(best[name], timer());
    }
  }
  return best;
}

function printTimings() {
  console.log(`\n${green('▸')} ${bold('The same queries on both engines')} ${dim(`(best of ${ROUNDS})`)}\n`);
  const most = Math.max(...timings.flatMap((row) => [row.Gantry, row['built-in']]));
  for (const row of timings) {
    const ratio = `${(row.Gantry / row['built-in']).toFixed(2)}×`;
    line(row.kind, 'Gantry', row.Gantry, cyan, ratio);
    line('', 'built-in', row['built-in'], dim, '');
  }
  function line(kind, engine, value, paint, note) {
    const figure = milliseconds(value).padStart(9);
    console.log(`  ${kind.padEnd(10)} ${engine.padEnd(8)} ${figure}  ${paint(bar(value, most, 40))} ${note}`);
  }
  console.log(`\n  ${green('✓')} every answer is the same on both engines\n`);
}
