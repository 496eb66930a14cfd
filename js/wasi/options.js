'use strict';
// What the constructor of WASI takes, checked, in the form that native code takes.

const errors = require('./errors');
const { fileSystem } = require('./node-fs');
const { toRights } = require('./rights');
const { input, output, isReadable, isWritable } = require('./stdio');
const { readThreads } = require('./threads');

const MODULE_NAMES = { unstable: 'wasi_unstable', preview1: 'wasi_snapshot_preview1' };

/** A directory and what may be done in it. */
class Directory {
  constructor(path, { readOnly = false, rights } = {}) {
    if (typeof path !== 'string' && !isTree(path))
      throw errors.invalidType('path', 'a string or an object', path);
    errors.validateOfType(readOnly, 'boolean', 'options.readOnly');
    this.path = path;
    this.readOnly = readOnly;
    this.rights = rights === undefined ? undefined : toRights(rights);
  }
}

const isTree = (value) =>
  typeof value === 'object' && value !== null && !isBytes(value) && !Array.isArray(value);
const isBytes = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;

/**
 * @returns {{ moduleName: string, returnOnExit: boolean, native: boolean, program: object, failure: object }} `native` says
 *   whether nothing in it needs JavaScript, so that functions can be called by compiled code; `failure` gets what
 *   JavaScript throws that is asked for something
 */
function readOptions(options) {
  errors.validateObject(options, 'options');
  const { version, args, env, preopens, returnOnExit = true } = options;
  errors.validateOfType(version, 'string', 'options.version');
  if (!Object.hasOwn(MODULE_NAMES, version)) {
    throw errors.invalidValue('options.version', version, 'unsupported WASI version');
  }
  if (args !== undefined && !Array.isArray(args)) {
    throw errors.invalidType('options.args', 'an instance of Array', args);
  }
  errors.validateOfType(returnOnExit, 'boolean', 'options.returnOnExit');
  const failure = {};
  const fs = options.fs === undefined ? undefined : fileSystem(readFs(options.fs), failure);
  const program = {
    version,
    args: (args ?? []).map(String),
    env: environment(env),
    preopens: readPreopens(preopens, fs),
    stdio: ['stdin', 'stdout', 'stderr'].map((name, fd) => readStdio(options[name] ?? fd, name, failure)),
    sockets: readSockets(options.sockets),
    ...determinism(options),
    maxThreads: readThreads(options.threads),
  };
  const native = ![...program.preopens, ...program.stdio].some(({ backend }) => backend);
  if (!native && program.maxThreads !== undefined) {
    const reason =
      'cannot go with functions, streams or a file system of JavaScript, which threads cannot call';
    throw errors.invalidValue('options.threads', options.threads, reason);
  }
  return { moduleName: MODULE_NAMES[version], returnOnExit, native, program, failure };
}

function environment(env) {
  if (env === undefined) return [];
  errors.validateObject(env, 'options.env');
  const defined = Object.entries(env).filter(([, value]) => value !== undefined);
  return defined.map(([key, value]) => [key, `${value}`]);
}

function readFs(fs) {
  if (typeof fs?.openSync !== 'function' || typeof fs.lstatSync !== 'function') {
    throw errors.invalidType('options.fs', 'an object with the functions of node:fs', fs);
  }
  return fs;
}

function readPreopens(preopens, backend) {
  if (preopens === undefined) return [];
  errors.validateObject(preopens, 'options.preopens');
  return Object.entries(preopens).map(([guest, value]) => {
    const { path, readOnly, rights } =
      value instanceof Directory ? value : new Directory(treeOrPath(value), {});
    const directory = { guest, readOnly, ...(rights !== undefined && { rights }) };
    if (typeof path === 'string') return { ...directory, path, ...(backend && { backend }) };
    return { ...directory, files: [...filesOf(path, '', `options.preopens.${guest}`)] };
  });
}

const treeOrPath = (value) => (isTree(value) ? value : String(value));

/** The files and directories of a tree, each behind the directory that it is in. */
function* filesOf(tree, prefix, name) {
  for (const [key, value] of Object.entries(tree)) {
    if (key === '' || key === '.' || key === '..' || key.includes('/') || key.includes('\0')) {
      throw errors.invalidValue(name, key, 'has a name that no file can have');
    }
    const path = prefix + key;
    if (typeof value === 'string') yield { path, bytes: Buffer.from(value) };
    else if (isBytes(value)) yield { path, bytes: toBytes(value) };
    else if (isTree(value)) {
      yield { path };
      yield* filesOf(value, `${path}/`, `${name}.${key}`);
    } else throw errors.invalidType(`${name}.${key}`, 'a string, bytes, or an object for a directory', value);
  }
}

function toBytes(value) {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

function readSockets(sockets = []) {
  if (!Array.isArray(sockets)) throw errors.invalidType('options.sockets', 'an instance of Array', sockets);
  return sockets.map((fd, i) => descriptor(fd, `options.sockets.${i}`));
}

/** A descriptor of this process, a function, or a stream; for standard input, also what there is to read. */
function readStdio(value, name, failure) {
  const [isStream, backend] = name === 'stdin' ? [isReadable, input] : [isWritable, output];
  // Streams with a descriptor, such as those of `process`, are faster without the stream.
  if (isStream(value))
    return typeof value.fd === 'number' ? { fd: value.fd } : { backend: backend(value, failure) };
  if (typeof value === 'function') return { backend: backend(value, failure) };
  if (name === 'stdin' && typeof value === 'string') return { bytes: Buffer.from(value) };
  if (name === 'stdin' && isBytes(value)) return { bytes: toBytes(value) };
  return { fd: descriptor(value, `options.${name}`) };
}

function descriptor(value, name) {
  if (typeof value !== 'number') throw errors.invalidType(name, 'of type number', value);
  if (!Number.isInteger(value)) throw errors.outOfRange(name, 'an integer', value);
  if (value < 0 || value > 0x7fffffff) throw errors.outOfRange(name, '>= 0 && <= 2147483647', value);
  return value;
}

/** `clock: { start, step }` in nanoseconds, and `seed`, make programs repeatable. */
function determinism({ clock, seed }) {
  const program = {};
  if (clock !== undefined) {
    errors.validateObject(clock, 'options.clock');
    const { start = 0n, step = 1_000_000n } = clock;
    errors.validateOfType(start, 'bigint', 'options.clock.start');
    errors.validateOfType(step, 'bigint', 'options.clock.step');
    program.clock = { start, step };
  }
  if (seed !== undefined) {
    errors.validateOfType(seed, 'bigint', 'options.seed');
    program.seed = BigInt.asUintN(64, seed);
  }
  return program;
}

module.exports = { Directory, readOptions };
