'use strict';
// gantry types: TypeScript declarations beside .wasm files.

const fs = require('node:fs');
const path = require('node:path');
const { addon } = require('../addon');
const { declarationsFor } = require('../esm/declarations');
const { UsageError, readArguments } = require('./arguments');
const { readModule } = require('./source');

const HELP = `Writes TypeScript declarations for .wasm files that are imported as modules.

Usage: gantry types [--watch | --check] FILE…

hash.wasm gets hash.d.wasm.ts beside it. TypeScript finds it with "allowArbitraryExtensions": true in tsconfig.json.

Options:
  --watch     go on, and write again when a file changes
  --check     write nothing; end with 1 when a file is missing or stale
  -h, --help  show this
`;

/** Compilers write files in several steps. */
const SETTLE_MS = 50;

function main(args) {
  const { values, operands } = readArguments(args, { watch: {}, check: {}, help: { short: 'h' } });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (operands.length === 0) throw new UsageError('types needs a file: gantry types [--watch] FILE…');
  for (const file of operands) {
    if (!file.endsWith('.wasm')) throw new UsageError(`${file}: the name of a module must end in .wasm`);
  }
  if (values.check) return operands.map(isCurrent).every(Boolean) ? 0 : 1;
  if (values.watch) return watch(operands);
  operands.forEach(write);
  return 0;
}

const targetOf = (file) => file.replace(/\.wasm$/, '.d.wasm.ts');

function declarations(file) {
  const bytes = readModule(file);
  try {
    return declarationsFor(JSON.parse(addon().NativeResolver.interfaceOf(bytes)), path.basename(file));
  } catch (error) {
    throw new Error(`${file} is not valid: ${error.message.split('\n')[0]}`, { cause: error });
  }
}

function write(file) {
  const target = targetOf(file);
  fs.writeFileSync(target, declarations(file));
  console.log(target);
}

function isCurrent(file) {
  const target = targetOf(file);
  const current = fs.existsSync(target) && fs.readFileSync(target, 'utf8') === declarations(file);
  if (!current) console.error(`${target} is missing or stale: gantry types ${file}`);
  return current;
}

/**
 * Watches folders, because compilers replace files. Watching begins before the first declarations are written, so that no
 * change is lost between. Ends with the process.
 */
function watch(files) {
  for (const file of files) {
    let timer;
    fs.watch(path.dirname(path.resolve(file)), (_, name) => {
      if (name !== path.basename(file)) return;
      clearTimeout(timer);
      timer = setTimeout(() => rewrite(file), SETTLE_MS);
    });
  }
  files.forEach(rewrite);
  return new Promise(() => {});
}

/** Half-written files are waited for. */
function rewrite(file) {
  try {
    write(file);
  } catch (error) {
    console.error(`gantry: ${error.message}`);
  }
}

module.exports = { main };
