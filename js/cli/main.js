#!/usr/bin/env node
'use strict';
// The gantry command. Each subcommand is a file of its own, loaded when it is asked for.

const { UsageError } = require('./arguments');

const COMMANDS = {
  run: () => require('./run'),
  inspect: () => require('./inspect'),
  compile: () => require('./compile'),
  types: () => require('./types'),
  wasm2js: () => require('./wasm2js'),
};

const HELP = `gantry: a WebAssembly runtime

Usage: gantry COMMAND [OPTIONS] …

Commands:
  run FILE [ARGS…]   run a program (.wasm or .wat) with the system interface WASI
  inspect FILE       show what is in a module
  compile FILE       compile a module ahead of time
  types FILE…        write TypeScript declarations beside .wasm files
  wasm2js FILE       translate a module to JavaScript, for hosts without WebAssembly

gantry COMMAND --help tells more. gantry --version prints the version.
`;

async function main([name, ...args]) {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process[name === undefined ? 'stderr' : 'stdout'].write(HELP);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-V') {
    console.log(require('../../package.json').version);
    return 0;
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    throw new UsageError(
      `there is no command "${name}"; the commands are ${Object.keys(COMMANDS).join(', ')}`,
    );
  }
  return COMMANDS[name]().main(args);
}

/** Wrong usage ends with 2, whatever else goes wrong with 1. */
function report(error) {
  if (!(error instanceof Error)) throw error;
  const isUsage = error instanceof UsageError;
  const hint = isUsage ? '\nTry: gantry --help' : '';
  console.error(`gantry: ${error.message}${hint}`);
  return isUsage ? 2 : 1;
}

main(process.argv.slice(2))
  .catch(report)
  .then((code) => (process.exitCode = code));
