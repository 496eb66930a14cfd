'use strict';
// gantry compile: machine code ahead of time.

const fs = require('node:fs');
const path = require('node:path');
const { addon } = require('../addon');
const { UsageError, readArguments } = require('./arguments');
const { readModule } = require('./source');

const HELP = `Compiles a WebAssembly module ahead of time, for this version of Gantry.

Usage: gantry compile [-o OUTPUT] [--target TRIPLE] [--cpu CPU] FILE

FILE is a binary module or text (.wat); - reads it from standard input. gantry run runs the result, and
WebAssembly.Module.deserialize loads it. It holds machine code: run only what you compiled.

Options:
  -o, --output OUTPUT  where to (default: FILE with the extension .gtx)
  --target TRIPLE      the machine, such as aarch64-unknown-linux-gnu (default: this one)
  --cpu CPU            native: a processor that has what this one has (the default here); baseline: any of the
                       architecture (the default with --target); or features, such as sse4.2,avx2,fma
  -h, --help           show this
`;

const OPTIONS = {
  output: { value: 'OUTPUT', short: 'o' },
  target: { value: 'TRIPLE' },
  cpu: { value: 'CPU' },
  help: { short: 'h' },
};

const PROGRESS_MS = 100;
const BAR_LENGTH = 30;

async function main(args) {
  const { values, operands } = readArguments(args, OPTIONS);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (operands.length !== 1) throw new UsageError('compile needs one file: gantry compile [-o OUTPUT] FILE');
  const [file] = operands;
  const output = values.output ?? outputFor(file);
  const bytes = readModule(file);
  const compiler = compilerFor(values);
  const started = performance.now();
  const compiled = await compile(compiler, bytes, file);
  const seconds = (performance.now() - started) / 1000;
  write(output, compiled);
  const size = (length) => `${(length / 1024).toFixed(0)} KiB`;
  const [machine, ...features] = compiler.target();
  console.log(`${output}: ${size(compiled.length)} from ${size(bytes.length)} in ${seconds.toFixed(2)} s`);
  console.log(`for ${machine}, ${features.length > 0 ? `with ${features.join(' ')}` : 'any processor'}`);
  return 0;
}

function compilerFor({ target, cpu }) {
  const { AheadOfTime } = addon();
  try {
    return new AheadOfTime(target, cpu);
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function outputFor(file) {
  if (file === '-') throw new UsageError('standard input has no name: say where to with -o OUTPUT');
  return path.format({ ...path.parse(file), base: undefined, ext: '.gtx' });
}

async function compile(compiler, bytes, file) {
  const bar = process.stderr.isTTY ? setInterval(() => showProgress(compiler), PROGRESS_MS) : undefined;
  const outcome = await compiler.compile(bytes);
  if (bar) {
    clearInterval(bar);
    process.stderr.write(CLEAR_LINE);
  }
  if (typeof outcome === 'string') throw new Error(`${file}: ${outcome}`);
  return outcome;
}

const CLEAR_LINE = '\r\x1b[K';

function showProgress(compiler) {
  const [done, total] = compiler.progress();
  const filled = Math.round((BAR_LENGTH * done) / Math.max(total, 1));
  const bar = '█'.repeat(filled).padEnd(BAR_LENGTH, '░');
  process.stderr.write(`${CLEAR_LINE}${bar} ${done}/${total} functions`);
}

function write(file, bytes) {
  try {
    fs.writeFileSync(file, bytes);
  } catch (error) {
    throw new Error(`cannot write ${file}: ${error.message}`, { cause: error });
  }
}

module.exports = { main };
