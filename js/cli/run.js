'use strict';
// gantry run: runs a program with WASI.

const fs = require('node:fs');
const path = require('node:path');
const { UsageError, readArguments } = require('./arguments');
const { isCompiled, readProgram } = require('./source');

const HELP = `Runs a WebAssembly program with the system interface WASI (preview1).

Usage: gantry run [OPTIONS] FILE [--] [ARGS…]

FILE is a binary module, text (.wat) or what gantry compile made; - reads it from standard input. What follows FILE goes to the program, which sees
no files, environment or network unless options give them.

Options:
  --dir HOST[::GUEST]     give a directory, for reading and writing, under the name GUEST (default: HOST)
  --dir-ro HOST[::GUEST]  give a directory for reading
  --env NAME[=VALUE]      set an environment variable; without a value, to what it is here
  --stdin FILE            read standard input from a file
  --invoke NAME           call an exported function instead of _start, with ARGS as its arguments, and print its results
  -h, --help              show this

The exit code is the program's; 134 after a trap, 1 when the program cannot be loaded, 2 for wrong usage.
`;

const OPTIONS = {
  dir: { value: 'HOST[::GUEST]', multiple: true },
  'dir-ro': { value: 'HOST[::GUEST]', multiple: true },
  env: { value: 'NAME[=VALUE]', multiple: true },
  stdin: { value: 'FILE' },
  invoke: { value: 'NAME' },
  help: { short: 'h' },
};

/** What a shell reports for a process that aborted. */
const TRAPPED = 134;

function main(args) {
  const { values, operands } = readArguments(args, OPTIONS, { endAtOperand: true });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [file, ...behind] = operands;
  // A `--` right behind the file only says what is so anyway: the rest is the program's.
  const programArgs = behind[0] === '--' ? behind.slice(1) : behind;
  if (file === undefined) throw new UsageError('run needs a file: gantry run [OPTIONS] FILE [--] [ARGS…]');
  const { WebAssembly } = require('../api/namespace');
  const { WASI } = require('../wasi/wasi');
  const { importsSpawn } = require('../wasi/threads');
  const bytes = readProgram(file);
  const load = isCompiled(bytes)
    ? WebAssembly.Module.deserialize
    : (binary) => new WebAssembly.Module(binary);
  const module = named(file, () => load(bytes));
  const wasi = new WASI({
    version: versionOf(WebAssembly.Module.imports(module)),
    args: [path.basename(file), ...(values.invoke === undefined ? programArgs : [])],
    env: environment(values.env ?? []),
    preopens: preopens(WASI, values),
    stdin: values.stdin === undefined ? 0 : openInput(values.stdin),
    threads: importsSpawn(module),
    returnOnExit: true,
  });
  const instance = named(file, () => new WebAssembly.Instance(module, wasi.getImportObject(module)));
  try {
    if (values.invoke !== undefined) return invoke(wasi, module, instance, values.invoke, programArgs);
    if (typeof instance.exports._start !== 'function') throw new UsageError(noStart(file, instance));
    return wasi.start(instance);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    console.error(`gantry: ${file} trapped: ${wasmFrames(error)}`);
    return TRAPPED;
  }
}

function named(file, work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) error.message = `${file}: ${error.message}`;
    throw error;
  }
}

const versionOf = (imports) =>
  imports.some(({ module }) => module === 'wasi_unstable') ? 'unstable' : 'preview1';

function environment(settings) {
  const env = {};
  for (const setting of settings) {
    const equals = setting.indexOf('=');
    const name = equals < 0 ? setting : setting.slice(0, equals);
    if (name === '') throw new UsageError(`--env ${setting}: a variable needs a name`);
    const value = equals < 0 ? process.env[name] : setting.slice(equals + 1);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

function preopens(WASI, values) {
  const result = {};
  for (const [option, readOnly] of [
    ['dir', false],
    ['dir-ro', true],
  ]) {
    for (const text of values[option] ?? []) {
      const [host, guest = host] = text.split('::');
      if (!fs.statSync(host, { throwIfNoEntry: false })?.isDirectory()) {
        throw new UsageError(`--${option} ${text}: ${host} is not a directory`);
      }
      result[guest] = WASI.directory(host, { readOnly });
    }
  }
  return result;
}

function openInput(file) {
  try {
    return fs.openSync(file);
  } catch (error) {
    throw new UsageError(`--stdin ${file}: ${error.message}`);
  }
}

function invoke(wasi, module, instance, name, args) {
  const func = instance.exports[name];
  if (typeof func !== 'function') {
    throw new UsageError(`--invoke ${name}: there is no such function; ${exportedFunctions(instance)}`);
  }
  const { convertArguments } = require('./invoke');
  const { untilExit } = require('../wasi/wasi');
  const values = convertArguments(module, name, args);
  const { memory, _start, _initialize } = instance.exports;
  // Without a memory there is nothing that the system interface could read or write.
  if (memory === undefined) _initialize?.();
  else if (typeof _start === 'function') wasi.finalizeBindings(instance);
  else wasi.initialize(instance);
  const outcome = untilExit(wasi, () => func(...values));
  if (outcome.exited) return outcome.code;
  const results = Array.isArray(outcome.value) ? outcome.value : [outcome.value];
  for (const result of results) if (result !== undefined) console.log(String(result));
  return 0;
}

function noStart(file, instance) {
  return `${file} has no function _start to begin with. Call another one with --invoke NAME; ${exportedFunctions(instance)}`;
}

function exportedFunctions(instance) {
  const names = Object.keys(instance.exports).filter((name) => typeof instance.exports[name] === 'function');
  return names.length === 0 ? 'it exports none' : `it exports ${names.join(', ')}`;
}

/** The message, and the frames that are wasm's. */
function wasmFrames(error) {
  const frames = error.stack.split('\n').filter((line) => line.includes('wasm://'));
  return [error.message, ...frames].join('\n');
}

module.exports = { main };
