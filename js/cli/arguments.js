'use strict';
// Reads command lines whose options end at the first operand: what comes behind belongs to the program that is run.

class UsageError extends Error {}

/**
 * @param {string[]} args
 * @param {Record<string, { value?: string, multiple?: boolean, short?: string }>} options those with `value` take one
 * @returns {{ values: Record<string, any>, operands: string[] }}
 */
function readArguments(args, options) {
  const values = {};
  let at = 0;
  for (; at < args.length; at++) {
    const arg = args[at];
    if (arg === '--') return { values, operands: args.slice(at + 1) };
    if (arg === '-' || !arg.startsWith('-')) break;
    const [flag, inline] = split(arg);
    const name = nameOf(flag, options);
    const { value: takes, multiple } = options[name];
    if (takes === undefined && inline !== undefined) throw new UsageError(`${flag} takes no value`);
    const value = takes === undefined ? true : (inline ?? args[++at]);
    if (value === undefined) throw new UsageError(`${flag} needs a value: ${flag} ${takes}`);
    if (multiple) (values[name] ??= []).push(value);
    else values[name] = value;
  }
  return { values, operands: args.slice(at) };
}

/** `--name=value` in two. */
function split(arg) {
  const equals = arg.startsWith('--') ? arg.indexOf('=') : -1;
  return equals < 0 ? [arg, undefined] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

function nameOf(flag, options) {
  const byShort = Object.keys(options).find((name) => flag === `-${options[name].short}`);
  const name = byShort ?? (flag.startsWith('--') ? flag.slice(2) : '');
  if (!Object.hasOwn(options, name)) throw new UsageError(`there is no option ${flag}`);
  return name;
}

module.exports = { UsageError, readArguments };
