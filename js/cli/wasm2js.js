'use strict';
// gantry wasm2js: JavaScript in place of a module, for hosts without WebAssembly. The translation is Binaryen's.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { UsageError, readArguments } = require('./arguments');
const { readModule } = require('./source');

const HELP = `Translates a WebAssembly module to JavaScript, for hosts that have no WebAssembly.

Usage: gantry wasm2js [-O] [-o OUTPUT] FILE

FILE is a binary module or text (.wat); - reads it from standard input. The result is an ES module: its imports are those of
the module; values of type i64 are passed as two numbers, the upper half of a result through setTempRet0 of "env". Uses the
package binaryen: npm install binaryen.

Options:
  -O, --optimize       smaller and faster code
  -o, --output OUTPUT  where to (default: FILE.js)
  -h, --help           show this
`;

function main(args) {
  const { values, operands } = readArguments(args, {
    optimize: { short: 'O' },
    output: { value: 'OUTPUT', short: 'o' },
    help: { short: 'h' },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (operands.length !== 1) {
    throw new UsageError('wasm2js needs one file: gantry wasm2js [-O] [-o OUTPUT] FILE');
  }
  const [file] = operands;
  if (file === '-' && values.output === undefined) {
    throw new UsageError('standard input has no name: say where to with -o OUTPUT');
  }
  const output = values.output ?? `${file}.js`;
  const bytes = readModule(file);
  translate(findTool(), bytes, { file, output, flags: values.optimize ? ['-O'] : [] });
  console.log(output);
  return 0;
}

/** In the project, or beside this package. */
function findTool() {
  for (const from of [path.join(process.cwd(), 'package.json'), __filename]) {
    try {
      const manifest = createRequire(from).resolve('binaryen/package.json');
      return toolIn(manifest);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(
    `wasm2js needs the package binaryen, which is not installed in ${process.cwd()}: npm install --save-dev binaryen`,
  );
}

function toolIn(manifest) {
  const { version, bin } = JSON.parse(fs.readFileSync(manifest, 'utf8'));
  if (bin?.wasm2js) return path.join(path.dirname(manifest), bin.wasm2js);
  throw new Error(
    `binaryen ${version} has no wasm2js; install a newer one: npm install --save-dev binaryen@latest`,
  );
}

function translate(tool, bytes, { file, output, flags }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-wasm2js-'));
  try {
    const input = path.join(folder, 'module.wasm');
    fs.writeFileSync(input, bytes);
    const translated = path.join(folder, 'module.js');
    const args = [tool, input, '--all-features', ...flags, '-o', translated];
    const { status, signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) {
      const reason = reasonIn(stderr) || `wasm2js ended with ${signal ?? status}`;
      throw new Error(`${file} cannot be translated: ${reason}`);
    }
    fs.copyFileSync(translated, output);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** What Binaryen said, without the stack of its own code. */
function reasonIn(stderr) {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  return lines.slice(0, 3).join('; ').slice(0, 500);
}

module.exports = { main };
