// sql.js: SQLite compiled by Emscripten.

import assert from 'node:assert/strict';
import { packageTest, require, sizeOf } from '../helpers/package.mjs';

packageTest(import.meta, 'sql.js', async (used) => {
  const SQL = await require('sql.js')();
  assert.ok(used.compiled.includes(sizeOf('sql.js/dist/sql-wasm.wasm')));

  const db = new SQL.Database();
  const rows = (sql, params) => db.exec(sql, params)[0].values;
  db.run('create table orders (id integer primary key, customer text, amount real, note blob)');
  insertOrders(db);

  assert.deepEqual(rows('select count(*), sum(amount), min(customer), max(customer) from orders'), [
    [10_000, 24_997_500, 'c0', 'c9'],
  ]);
  assert.deepEqual(
    rows('select customer, count(*), avg(amount) from orders group by customer order by 1 limit 2'),
    [
      ['c0', 1000, 2497.5],
      ['c1', 1000, 2498],
    ],
  );
  assert.deepEqual(rows('select note from orders where id = ?', [300])[0][0], Uint8Array.of(44, 1, 255));
  checkRecursive(rows);
  checkErrors(db);

  // The file that SQLite writes is read back by another connection.
  const copy = new SQL.Database(db.export());
  assert.deepEqual(copy.exec('pragma integrity_check; select count(*) from orders').at(-1).values, [
    [10_000],
  ]);
});

function insertOrders(db) {
  const insert = db.prepare('insert into orders values (?, ?, ?, ?)');
  db.run('begin');
  for (let id = 0; id < 10_000; id++) {
    insert.run([id, `c${id % 10}`, id / 2, Uint8Array.of(id & 255, id >> 8, 255)]);
  }
  db.run('commit');
  insert.free();
}

function checkRecursive(rows) {
  const sum = `with recursive n(x) as (select 1 union all select x + 1 from n where x < 100000)
    select sum(x), count(*) from n`;
  assert.deepEqual(rows(sum), [[5_000_050_000, 100_000]]);
  const queens = `with recursive
    cols(c) as (select 1 union all select c + 1 from cols where c < 6),
    place(n, board) as (
      select 0, '' union all
      select n + 1, board || c from place, cols where n < 6 and not exists (
        select 1 from cols k where k.c <= n and (
          substr(board, k.c, 1) = cast(cols.c as text)
          or abs(cast(substr(board, k.c, 1) as integer) - cols.c) = n + 1 - k.c)))
    select board from place where n = 6 order by 1`;
  assert.deepEqual(rows(queens), [['246135'], ['362514'], ['415263'], ['531642']]);
}

/** SQLite's errors leave it through setjmp/longjmp emulation and JavaScript exceptions. */
function checkErrors(db) {
  assert.throws(() => db.run('select * from nowhere'), /no such table: nowhere/);
  assert.throws(() => db.run('insert into orders (id) values (1)'), /UNIQUE constraint failed: orders\.id/);
}
