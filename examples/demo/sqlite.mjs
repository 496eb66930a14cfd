// SQLite (sql.js) on a chosen engine, with the time that each step took.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { airports, flights } from './data.mjs';
import { INDEX, SCHEMA } from './queries.mjs';

const require = createRequire(import.meta.url);
const ENTRY = require.resolve('sql.js');

export const wasmFile = require.resolve('sql.js/dist/sql-wasm.wasm');

/** @param {typeof WebAssembly} engine the namespace whose Module and Instance run SQLite */
export async function openSqlite(engine) {
  const bytes = readFileSync(wasmFile);
  const timer = stopwatch();
  const module = await engine.compile(bytes);
  const compile = timer();
  // sql.js keeps its one instance in a variable: each engine gets a copy of the package.
  delete require.cache[ENTRY];
  const SQL = await require(ENTRY)({
    instantiateWasm(imports, done) {
      engine.instantiate(module, imports).then((instance) => done(instance, module));
      return {};
    },
  });
  const instantiate = timer();
  const db = new SQL.Database();
  fill(db);
  return { db, times: { compile, instantiate, load: timer() } };
}

function fill(db) {
  db.run(SCHEMA);
  db.run('begin');
  const airport = db.prepare('insert into airports values (?, ?, ?, ?)');
  for (const { code, city, lat, lon } of airports) airport.run([code, city, lat, lon]);
  airport.free();
  const flight = db.prepare(`insert into flights (day, carrier, origin, dest, km, late, seats, passengers)
    values (date('2021-01-01', '+' || ? || ' days'), ?, ?, ?, ?, ?, ?, ?)`);
  for (const row of flights) flight.run(row);
  flight.free();
  db.run('commit');
  db.run(INDEX);
}

/** Each call gives the milliseconds since the one before. */
export function stopwatch() {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const elapsed = now - last;
    last = now;
    return elapsed;
  };
}
