'use strict';
// wasi-threads: what is JavaScript's part in programs with threads. See src/wasi/threads.rs.

const { host } = require('../binding');
const { setOnInterruption } = require('../drive');
const { errorOfThread } = require('../errors');
const { anchorOfFunction, isExportedFunction } = require('../identity');
const { infoOfModule, isModule } = require('../api/module');
const { nativeMemory } = require('../api/memory');
const errors = require('./errors');

const MODULE_NAME = 'wasi';
const SPAWN = 'thread-spawn';
const SPAWN_SIGNATURE = 'i:i';

/** The place of `thread-spawn` among a program's functions: see src/wasi/mod.rs. */
const SPAWN_PLACE = 63;

/** How many threads a program may have at the same time unless it is told. */
const DEFAULT_MAX = 256;
const HIGHEST_MAX = 65536;

/** Thrown through the frames of a program that one of its threads has ended. */
const STOPPED = Symbol('kStopped');

/** Numbers of the programs with threads that are running, the innermost last. */
const running = [];

setOnInterruption(() => {
  if (running.some((id) => host.threadsEnded(id))) throw STOPPED;
});

/**
 * `threads: true` or `threads: { max }`.
 * @returns {number | undefined} how many there may be
 */
function readThreads(value) {
  if (value === undefined || value === false) return undefined;
  if (value === true) return DEFAULT_MAX;
  errors.validateObject(value, 'options.threads');
  const { max = DEFAULT_MAX } = value;
  errors.validateOfType(max, 'number', 'options.threads.max');
  if (!Number.isInteger(max)) throw errors.outOfRange('options.threads.max', 'an integer', max);
  if (max < 1 || max > HIGHEST_MAX) {
    throw errors.outOfRange('options.threads.max', `>= 1 && <= ${HIGHEST_MAX}`, max);
  }
  return max;
}

const importsSpawn = (module) =>
  infoOfModule(module).imports.some((wanted) => wanted.module === MODULE_NAME && wanted.name === SPAWN);

/** What a module imports for threads: the function, and the memory if it is given a module to make one for. */
function threadImports(spawn, module) {
  const imports = { [MODULE_NAME]: { [SPAWN]: spawn } };
  if (module === undefined) return imports;
  if (!isModule(module)) throw errors.invalidType('module', 'an instance of WebAssembly.Module', module);
  const wanted = infoOfModule(module).imports.find(({ kind, limits }) => kind === 'memory' && limits.shared);
  if (wanted) {
    imports[wanted.module] = { ...imports[wanted.module], [wanted.name]: nativeMemory(wanted.limits) };
  }
  return imports;
}

/**
 * Runs a program, and ends its threads with it.
 * @param {number} id the program's number
 * @param {Function} start the exported function that `work` calls
 * @param {(how: object) => unknown} ended what a thread's `proc_exit` throws
 */
function runWithThreads(id, start, work, ended) {
  if (!isExportedFunction(start))
    throw errors.invalidType('instance', 'an instance of WebAssembly.Instance', start);
  const reason = host.startThreads(id, anchorOfFunction(start).id);
  if (reason !== null) throw new TypeError(`WASI: the program cannot have threads: ${reason}`);
  const finish = () => {
    running.splice(running.lastIndexOf(id), 1);
    return host.finishThreads(id);
  };
  // When JavaScript is terminated, frames vanish without running code.
  const sweeper = setImmediate(finish);
  running.push(id);
  try {
    return work();
  } finally {
    clearImmediate(sweeper);
    const outcome = finish();
    // eslint-disable-next-line no-unsafe-finally -- the thread was first
    if (outcome !== null) throw errorOf(JSON.parse(outcome), ended);
  }
}

/** What is thrown for how a thread has ended the program. */
function errorOf(outcome, ended) {
  if (outcome.frames) return errorOfThread(outcome, runWithThreads);
  if (outcome.reason === 'exit') return ended(outcome);
  if (outcome.reason === 'javascript') {
    return new Error(
      `WASI: a thread has called ${outcome.name}, which is JavaScript; only the first thread can do that`,
    );
  }
  return new Error(`WASI: ${outcome.error ?? outcome.reason}`);
}

module.exports = {
  ...{ readThreads, importsSpawn, threadImports, runWithThreads },
  ...{ SPAWN, SPAWN_SIGNATURE, SPAWN_PLACE },
};
