// excelize: spreadsheets in Go, built by Go's own compiler, with its scheduler and collector in wasm.

import assert from 'node:assert/strict';
import { packageFile, packageTest, require } from '../helpers/package.mjs';

packageTest(import.meta, 'excelize-wasm', async (used) => {
  const { init } = require('excelize-wasm');
  const excelize = await init(packageFile('excelize-wasm/excelize.wasm.gz'));
  assert.ok(used.compiled.some((size) => size > 10_000_000));

  const file = excelize.NewFile();
  for (let row = 1; row <= 100; row++) {
    assert.equal(file.SetCellValue('Sheet1', `A${row}`, row).error, null);
    assert.equal(file.SetCellFormula('Sheet1', `B${row}`, `A${row}^2`).error, null);
  }
  file.SetCellFormula('Sheet1', 'C1', 'SUM(B1:B100)');
  file.SetCellFormula('Sheet1', 'C2', '1/0');
  file.SetCellFormula('Sheet1', 'C3', 'UPPER("grün")&INT(PI()*100)');
  assert.deepEqual(file.CalcCellValue('Sheet1', 'C1'), { value: '338350', error: null });
  assert.equal(file.CalcCellValue('Sheet1', 'C2').error, '#DIV/0!');
  assert.equal(file.CalcCellValue('Sheet1', 'C3').value, 'GRÜN314');
  assert.match(file.SetCellValue('None', 'A1', 1).error, /sheet None does not exist/);

  const { buffer, error } = file.WriteToBuffer();
  assert.equal(error, null);
  assert.equal(Buffer.from(buffer.subarray(0, 2)).toString(), 'PK');
  const read = excelize.OpenReader(buffer);
  assert.equal(read.GetCellFormula('Sheet1', 'B7').formula, 'A7^2');
  const { result } = read.GetRows('Sheet1');
  assert.deepEqual([result.length, result[41][0]], [100, '42']);
  assert.match(excelize.OpenReader(new Uint8Array(100)).error, /zip|unsupported/);
});
