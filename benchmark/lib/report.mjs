// Tables in the terminal, targets with pass or fail, and the JSON file.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const isNumber = (cell) => /^[-\d.,]+( ?[%×a-zµA-Z]+)?$/.test(cell);

export function table(title, head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const line = (row) =>
    row
      .map((cell, i) =>
        isNumber(cell) || row === cells[0] ? align(cell, widths[i], i) : cell.padEnd(widths[i]),
      )
      .join('  ');
  console.log(`\n${title}`);
  console.log(`  ${line(cells[0])}`);
  console.log(`  ${widths.map((width) => '─'.repeat(width)).join('  ')}`);
  for (const row of cells.slice(1)) console.log(`  ${line(row)}`);
}

const align = (cell, width, column) => (column === 0 ? cell.padEnd(width) : cell.padStart(width));

/** Says what is being measured, where there is a terminal to say it on. */
export function progress(text) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${text}`);
}

/** One figure that has a bound; `limit` undefined means that it is reported only. */
export function target(name, value, limit, unit = '') {
  const pass = limit === undefined ? undefined : value <= limit;
  return { name, value, limit, unit, pass };
}

export function printTargets(targets) {
  const rows = targets.map(({ name, value, limit, unit, pass }) => [
    name,
    `${value.toFixed(2)}${unit && ` ${unit}`}`,
    limit === undefined ? '' : `≤ ${limit}${unit && ` ${unit}`}`,
    pass === undefined ? 'reported' : pass ? 'pass' : 'FAIL',
  ]);
  table('Targets', ['figure', 'value', 'target', 'result'], rows);
}

export function writeResults(sections) {
  const folder = new URL('../results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const file = new URL('latest.json', folder);
  const machine = {
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
  };
  const result = { date: new Date().toISOString(), machine, sections };
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return fileURLToPath(file);
}
