// wa-sqlite: SQLite built by Emscripten with Asyncify. Its file system answers with promises, for which wasm is unwound and rewound.

import assert from 'node:assert/strict';
import { packageTest, readPackageFile, sizeOf } from '../helpers/package.mjs';

const FILE = 'wa-sqlite/dist/wa-sqlite-async.wasm';

packageTest(import.meta, 'wa-sqlite', async (used) => {
  const { default: load } = await import('wa-sqlite/dist/wa-sqlite-async.mjs');
  const SQLite = await import('wa-sqlite');
  const { MemoryVFS } = await import('wa-sqlite/src/examples/MemoryVFS.js');
  const { MemoryAsyncVFS } = await import('wa-sqlite/src/examples/MemoryAsyncVFS.js');
  const sqlite = SQLite.Factory(await load({ wasmBinary: readPackageFile(FILE) }));
  assert.ok(used.compiled.includes(sizeOf(FILE)));

  let waits = 0;
  class WaitingVFS extends MemoryAsyncVFS {
    xRead(...args) {
      return this.#later(() => MemoryVFS.prototype.xRead.apply(this, args));
    }
    xWrite(...args) {
      return this.#later(() => MemoryVFS.prototype.xWrite.apply(this, args));
    }
    #later(work) {
      return this.handleAsync(async () => {
        waits++;
        await new Promise(setImmediate);
        return work();
      });
    }
  }
  sqlite.vfs_register(new WaitingVFS(), true);
  const database = await sqlite.open_v2('test.db');
  const query = async (sql) => {
    const rows = [];
    await sqlite.exec(database, sql, (row) => rows.push(row));
    return rows;
  };
  await query(`CREATE TABLE t (n INTEGER PRIMARY KEY, name TEXT);
    WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000)
      INSERT INTO t SELECT n, 'name ' || n FROM c`);
  assert.deepEqual(await query('SELECT count(*), sum(n), max(name) FROM t'), [[1000, 500500, 'name 999']]);

  sqlite.create_function(database, 'twice', 1, SQLite.SQLITE_UTF8, 0, (context, [value]) => {
    sqlite.result(context, sqlite.value_int(value) * 2);
  });
  assert.deepEqual(await query('SELECT twice(n) FROM t WHERE n IN (1, 20)'), [[2], [40]]);
  await assert.rejects(query('SELECT * FROM nowhere'), /no such table: nowhere/);
  assert.deepEqual(await query("UPDATE t SET name = 'x' WHERE n > 990; SELECT changes()"), [[10]]);
  await sqlite.close(database);
  assert.ok(waits > 20, `SQLite waited ${waits} times`);
});
