'use strict';
// gantry inspect: what is in a module.

const { host } = require('../binding');
const { UsageError, readArguments } = require('./arguments');
const { readModule } = require('./source');

const HELP = `Shows what is in a WebAssembly module.

Usage: gantry inspect [--json] FILE

FILE is a binary module or text (.wat); - reads it from standard input.

Options:
  --json      print JSON: size, features, sections, imports, exports, code
  -h, --help  show this
`;

function main(args) {
  const { values, operands } = readArguments(args, { json: {}, help: { short: 'h' } });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (operands.length !== 1) throw new UsageError('inspect needs one file: gantry inspect [--json] FILE');
  const [file] = operands;
  const contents = read(file);
  console.log(values.json ? JSON.stringify(contents, null, 2) : describe(file, contents));
  return 0;
}

function read(file) {
  const bytes = readModule(file);
  try {
    return { ...JSON.parse(host.inspect(bytes)), code: codeOf(bytes) };
  } catch (error) {
    throw new Error(`${file} is not valid: ${error.message}`, { cause: error });
  }
}

/** What is known of the machine code without making any, or why none can be made. */
function codeOf(bytes) {
  const id = host.compile(bytes, 'quick');
  if (typeof id === 'string') return { error: id };
  const { functions, cached, codeBytes } = JSON.parse(host.moduleStats(id));
  return { functions, cached, codeBytes };
}

function describe(file, { size, features, sections, imports, exports, code }) {
  const lines = [`${file}: ${count(size, 'byte')}`];
  lines.push(`features beyond WebAssembly 1.0: ${features.join(', ') || 'none'}`);
  lines.push(describeCode(code));
  lines.push('', 'Sections', ...table(sections.map(sectionRow)));
  lines.push(
    '',
    `Imports: ${imports.length}`,
    ...table(imports.map((item) => [`${item.module} ${item.name}`, item.type])),
  );
  lines.push('', `Exports: ${exports.length}`, ...table(exports.map((item) => [item.name, item.type])));
  return lines.join('\n');
}

const sectionRow = ({ name, offset, size, entries }) => [
  name,
  entries === null ? '' : count(entries, 'entry', 'entries'),
  count(size, 'byte'),
  `at 0x${offset.toString(16)}`,
];

function describeCode({ error, functions, cached, codeBytes }) {
  if (error !== undefined) return `machine code: none can be made: ${error}`;
  const state = cached ? `${count(codeBytes, 'byte')} in the cache` : 'not in the cache';
  return `${count(functions, 'function')}; machine code: ${state}`;
}

const count = (n, one, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** Rows as lines, with columns under each other. */
function table(rows) {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i])).join('  ')}`.trimEnd());
}

module.exports = { main };
