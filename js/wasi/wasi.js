'use strict';
// The class WASI, with the behaviour of the one in node:wasi: https://nodejs.org/api/wasi.html

const { host, Kind } = require('../binding');
const { setOnExit } = require('../drive');
const { bindNatively } = require('../native');
const { isMemory, isSharedMemory, idOfMemory } = require('../api/memory');
const errors = require('./errors');
const { Directory, readOptions } = require('./options');
const { threadImports, runWithThreads, SPAWN, SPAWN_SIGNATURE, SPAWN_PLACE } = require('./threads');

/** Thrown through the frames of a program that has ended, as in Node.js. */
const EXIT = Symbol('kExitCode');

/** Native code counts functions in steps of this: see src/wasi. */
const MAX_FUNCTIONS = 64;

class WASI {
  /** The import object's property and value. */
  wasiImport;
  #id;
  #moduleName;
  #returnOnExit;
  #failure;
  #exitCode = 0;
  #memory = null;
  #isShared = false;
  /** `thread-spawn`, where the program may have threads. */
  #spawn;
  #instance = null;

  constructor(options = {}) {
    const { moduleName, returnOnExit, native, program, failure } = readOptions(options);
    this.#failure = failure;
    this.#moduleName = moduleName;
    this.#returnOnExit = returnOnExit;
    this.#id = made(host.newProgram(program));
    host.track(Kind.PROGRAM, this.#id, this);
    this.wasiImport = {};
    host.programFunctions(this.#id).forEach(([name, signature], index) => {
      const func = this.#function(name, index);
      this.wasiImport[name] = func;
      if (native) this.#bind(func, index, signature);
    });
    if (program.maxThreads !== undefined) this.#spawn = this.#spawnFunction();
  }

  /** A directory of the host, with what may be done in it. */
  static directory(path, options = {}) {
    return new Directory(path, options);
  }

  /**
   * What a module imports.
   * @param {WebAssembly.Module} [module] one with threads, whose memory is then among it
   */
  getImportObject(module) {
    const imports = this.#spawn ? threadImports(this.#spawn, module) : {};
    return { ...imports, [this.#moduleName]: this.wasiImport };
  }

  /** Gives the functions a memory without calling anything. */
  finalizeBindings(instance, { memory = instance?.exports?.memory } = {}) {
    if (this.#instance !== null) throw errors.alreadyStarted();
    errors.validateObject(instance, 'instance');
    errors.validateObject(instance.exports, 'instance.exports');
    if (!isMemory(memory) && !isBuffer(memory?.buffer)) {
      throw errors.invalidType('instance.exports.memory', 'an instance of WebAssembly.Memory', memory);
    }
    this.#memory = memory;
    this.#instance = instance;
    this.#isShared = isMemory(memory) ? isSharedMemory(memory) : memory.buffer instanceof SharedArrayBuffer;
    if (isMemory(memory)) host.setProgramMemory(this.#id, idOfMemory(memory));
  }

  /** Runs a command. @returns its exit code */
  start(instance) {
    this.finalizeBindings(instance);
    const { _start, _initialize } = instance.exports;
    errors.validateOfType(_start, 'function', 'instance.exports._start');
    errors.validateOfType(_initialize, 'undefined', 'instance.exports._initialize');
    const { exited } = this.#untilExit(this.#spawn ? () => this.#runWithThreads(_start) : _start);
    return exited ? this.#exitCode : 0;
  }

  /** Sets a reactor up. */
  initialize(instance) {
    this.finalizeBindings(instance);
    const { _start, _initialize } = instance.exports;
    errors.validateOfType(_start, 'undefined', 'instance.exports._start');
    if (_initialize === undefined) return;
    errors.validateOfType(_initialize, 'function', 'instance.exports._initialize');
    _initialize();
  }

  #runWithThreads(start) {
    return runWithThreads(this.#id, start, start, (how) => this.#ended(how));
  }

  #untilExit(work) {
    try {
      return { exited: false, value: work() };
    } catch (thrown) {
      if (thrown !== EXIT) throw thrown;
      return { exited: true, code: this.#exitCode };
    }
  }

  /** What a program's end throws where it was called. */
  #ended({ code, signal }) {
    if (signal) {
      process.kill(process.pid, signal);
      code = 128 + (require('node:os').constants.signals[signal] ?? 0);
    }
    if (!this.#returnOnExit) {
      if (this.#spawn) host.finishThreads(this.#id);
      process.exit(code);
    }
    this.#exitCode = code;
    return EXIT;
  }

  /** A function as JavaScript can call it. */
  #function(name, index) {
    const func = (...args) => {
      if (this.#memory === null) throw errors.notStarted();
      const numbers = BigUint64Array.from(args, toBits);
      const bytes = new Uint8Array(this.#memory.buffer);
      const outcome = host.callProgram(this.#id, index, bytes, this.#isShared, numbers);
      this.#throwFailure();
      if (typeof outcome === 'number') return outcome;
      throw this.#ended(outcome);
    };
    return Object.defineProperty(func, 'name', { value: name, configurable: true });
  }

  /** `thread-spawn` as JavaScript can call it. */
  #spawnFunction() {
    const spawn = { [SPAWN]: (argument) => host.spawnThread(this.#id, argument | 0) }[SPAWN];
    this.#bind(spawn, SPAWN_PLACE, SPAWN_SIGNATURE);
    return spawn;
  }

  #bind(func, place, signature) {
    bindNatively(func, { number: this.#id * MAX_FUNCTIONS + place, signature, owner: this });
  }

  /** Throws what a file system or callback of the options threw. */
  #throwFailure() {
    if (!('error' in this.#failure)) return;
    const { error } = this.#failure;
    delete this.#failure.error;
    throw error;
  }

  static untilExit(wasi, work) {
    return wasi.#untilExit(work);
  }

  static ended(wasi, how) {
    return wasi.#ended(how);
  }
}

const { untilExit, ended } = WASI;
delete WASI.untilExit;
delete WASI.ended;

setOnExit(({ program, reason, ...how }) => {
  if (reason === 'exit') return ended(host.object(Kind.PROGRAM, program), how);
  return reason === 'not started' ? errors.notStarted() : new Error(`WASI: internal error: ${reason}`);
});

const isBuffer = (value) => value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;

function made(outcome) {
  if (typeof outcome === 'object') throw errors.systemError(outcome);
  return outcome;
}

/** An argument as bits: negative numbers are those of unsigned ones. */
function toBits(value) {
  return typeof value === 'bigint' ? BigInt.asUintN(64, value) : BigInt(value >>> 0);
}

module.exports = { WASI, untilExit };
