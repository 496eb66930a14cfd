'use strict';
// Reads command lines.

class UsageError extends Error {}

/**
 * Options may stand before, between and behind operands, up to `--`.
 *
 * @param {string[]} args
 * @param {Record<string, { value?: string, multiple?: boolean, short?: string }>} options those with `value` take one
 * @param {{ endAtOperand?: boolean }} how whether what comes behind the first operand is left alone, as it belongs to a program
 * @returns {{ values: Record<string, any>, operands: string[] }}
 */
function readArguments(args, options, { endAtOperand = false } = {}) {
  const values = {};
  const operands = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at];
    if (arg === '--') return { values, operands: [...operands, ...args.slice(at + 1)] };
    if (arg === '-' || !arg.startsWith('-')) {
      if (endAtOperand) return { values, operands: args.slice(at) };
      operands.push(arg);
      continue;
    }
    const [flag, inline] = split(arg);
    const name = nameOf(flag, options);
    const { value: takes, multiple } = options[name];
    if (takes === undefined && inline !== undefined) throw new UsageError(`${flag} takes no value`);
    const value = takes === undefined ? true : (inline ?? args[++at]);
    if (value === undefined) throw new UsageError(`${flag} needs a value: ${flag} ${takes}`);
    if (multiple) (values[name] ??= []).push(value);
    else values[name] = value;
  }
  return { values, operands };
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
