'use strict';
// gantry compile: machine code ahead of time.

const fs = require('node:fs');
const path = require('node:path');
const { UsageError, readArguments } = require('./arguments');
const { isCompiled, readModule } = require('./source');

const HELP = `Compiles a WebAssembly module ahead of time, for machines and a version of Gantry like these.

Usage: gantry compile [-o OUTPUT] FILE

FILE is a binary module or text (.wat); - reads it from standard input. gantry run runs the result, and
WebAssembly.Module.deserialize loads it. It holds machine code: run only what you compiled.

Options:
  -o, --output OUTPUT  where to (default: FILE with the extension .gtx)
  -h, --help           show this
`;

function main(args) {
  const options = { output: { value: 'OUTPUT', short: 'o' }, help: { short: 'h' } };
  const { values, operands } = readArguments(args, options);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (operands.length !== 1) throw new UsageError('compile needs one file: gantry compile [-o OUTPUT] FILE');
  const [file] = operands;
  const output = values.output ?? outputFor(file);
  const bytes = readModule(file);
  if (isCompiled(bytes)) throw new UsageError(`${file} is compiled already`);
  const { WebAssembly } = require('../api/namespace');
  const started = performance.now();
  const compiled = compile(WebAssembly, bytes, file);
  const seconds = (performance.now() - started) / 1000;
  write(output, compiled);
  const size = (length) => `${(length / 1024).toFixed(0)} KiB`;
  console.log(`${output}: ${size(compiled.length)} from ${size(bytes.length)} in ${seconds.toFixed(2)} s`);
  return 0;
}

function outputFor(file) {
  if (file === '-') throw new UsageError('standard input has no name: say where to with -o OUTPUT');
  return path.format({ ...path.parse(file), base: undefined, ext: '.gtx' });
}

function compile(WebAssembly, bytes, file) {
  try {
    return new WebAssembly.Module(bytes).serialize();
  } catch (error) {
    throw new Error(`${file}: ${error.message}`, { cause: error });
  }
}

function write(file, bytes) {
  try {
    fs.writeFileSync(file, bytes);
  } catch (error) {
    throw new Error(`cannot write ${file}: ${error.message}`, { cause: error });
  }
}

module.exports = { main };
