'use strict';
// Puts the loader in place: hooks beside the program where Node.js has them, else hooks in a thread.

const Module = require('node:module');
const { MessageChannel, isMainThread, parentPort, receiveMessageOnPort } = require('node:worker_threads');
const { pathToFileURL } = require('node:url');
const { readConfig } = require('./config');
const evaluator = require('./evaluate');
const { Hooks, Loader } = require('./hooks');
const { registerRequire } = require('./require');
const { readMap, cwdURL } = require('./resolver');

/** How long the thread of hooks may take to read a map. */
const TIMEOUT_MS = 10_000;

let loaders = null;

/** Hooks that Node.js calls beside the program. */
function registerSync(config) {
  const hooks = new Hooks(config);
  Module.registerHooks({
    resolve(specifier, context, next) {
      const step = hooks.resolution(specifier, context);
      if (step.result) return step.result;
      try {
        return step.finish(next(step.specifier, step.context));
      } catch (error) {
        throw step.fail(error);
      }
    },
    load(url, context, next) {
      const source = hooks.wasm(url);
      if (source !== undefined) return { format: 'module', source, shortCircuit: true };
      return hooks.javascript(url, next(url, context));
    },
  });
  return (more) => hooks.loader.add(more);
}

/** Hooks in a thread, which is told about maps that come later. */
function registerThread(config) {
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  Module.register(pathToFileURL(require.resolve('./hooks-thread.mjs')), {
    data: { config, port: port2 },
    transferList: [port2],
  });
  return (more) => {
    const done = new Int32Array(new SharedArrayBuffer(4));
    port1.postMessage({ config: more, done });
    Atomics.wait(done, 0, 0, TIMEOUT_MS);
    const { failure } = receiveMessageOnPort(port1)?.message ?? {
      failure: 'the loader thread does not answer',
    };
    if (failure) throw Object.assign(new Error(failure), { code: 'ERR_GANTRY_INVALID_MAP' });
  };
}

/** Threads of hooks run --require modules too, and have no parent's port. */
const isHooksThread = !isMainThread && parentPort === null;

/** Makes .wasm files importable in this thread. Calling it again does nothing. */
function register() {
  if (loaders !== null || isHooksThread) return;
  globalThis[Symbol.for('gantry.esm')] = evaluator;
  const config = readConfig();
  evaluator.setWasiOptions(config.wasi);
  const local = new Loader(config);
  registerRequire(local);
  const addHooks = typeof Module.registerHooks === 'function' ? registerSync(config) : registerThread(config);
  loaders = [(more) => local.add(more), addHooks];
}

/**
 * Adds maps for imports from now on; what is mapped already stays.
 * @param {{ importMap?: string | URL | object, packageMap?: string | URL | object, wasi?: object,
 *   base?: string | URL }} maps
 */
function registerMaps({ importMap, packageMap, wasi, base = cwdURL() }) {
  register();
  const config = {
    importMaps: importMap === undefined ? [] : [readMap(importMap, `${base}`, 'import map')],
    packageMap: packageMap === undefined ? null : readMap(packageMap, `${base}`, 'package map'),
  };
  for (const add of loaders) add(config);
  if (wasi !== undefined) evaluator.setWasiOptions(wasi);
}

module.exports = { register, registerMaps };
