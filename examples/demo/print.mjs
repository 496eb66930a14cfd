// Tables and bars in the terminal.

const color = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const green = paint(32);
export const cyan = paint(36);

const BLOCKS = ' ▏▎▍▌▋▊▉█';

/** A bar of eighths of characters. */
export function bar(value, most, width) {
  const eighths = Math.round((Math.max(value, 0) / most) * width * 8);
  return '█'.repeat(eighths >> 3) + (eighths & 7 ? BLOCKS[eighths & 7] : '');
}

/** A column's numbers all have as many decimals as the longest of them. */
function show(cell, decimals) {
  if (typeof cell !== 'number') return String(cell ?? '');
  return cell.toLocaleString('en-US', { minimumFractionDigits: decimals });
}

const decimalsOf = (cell) => (typeof cell === 'number' ? (String(cell).split('.')[1]?.length ?? 0) : 0);

/** Numbers to the right, text to the left; after the columns, a bar of the column `barOf`. */
export function printTable({ columns, values }, barOf) {
  const decimals = columns.map((_, i) => Math.max(...values.map((row) => decimalsOf(row[i]))));
  const shown = values.map((row) => row.map((cell, i) => show(cell, decimals[i])));
  const widths = columns.map((name, i) => Math.max(name.length, ...shown.map((row) => row[i].length)));
  const numeric = columns.map((_, i) => values.every((row) => typeof row[i] === 'number'));
  const line = (cells) =>
    cells.map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ');
  const barred = columns.indexOf(barOf);
  const most = Math.max(...values.map((row) => Number(row[barred])));
  console.log(dim(`  ${line(columns)}`));
  for (const [i, row] of shown.entries()) {
    const tail = barred < 0 ? '' : cyan(bar(values[i][barred], most, 24));
    console.log(`  ${line(row)}  ${tail}`);
  }
}

export function milliseconds(value) {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}
