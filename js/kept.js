'use strict';
// Keeps the code that V8 has made of this package's files, and of the functions that it makes for signatures, in the cache of compiled
// modules: see code.js.

const vm = require('node:vm');
const { addon } = require('./addon');
const { code } = require('./code');
const { join, uncurry } = require('./primordials');

/** Texts that are kept at the most, and characters that one may have. */
const MOST_TEXTS = 16;
const LONGEST_TEXT = 16 << 10;

const NO_BYTES = Buffer.alloc(0);

const { Script, compileFunction } = vm;
const runInThisContext = uncurry(Script.prototype.runInThisContext);
const [get, set] = [uncurry(Map.prototype.get), uncurry(Map.prototype.set)];

let texts = 0;
let isKeeping = false;

/** A function with these parameters and this body. `vm`, because `eval` may be forbidden. */
function functionOf(parameters, body, filename) {
  return compileFunction(body, parameters, { __proto__: null, filename });
}

/** The same of a body that programs are going to ask for again. */
function keptFunctionOf(parameters, body, filename) {
  if (code.kept === null || texts === MOST_TEXTS || body.length > LONGEST_TEXT) {
    return functionOf(parameters, body, filename);
  }
  texts++;
  const text = `(function (${join(parameters, ',')}) {${body}\n})`;
  const cachedData = get(code.kept, text)?.code;
  const script = new Script(text, { __proto__: null, filename, cachedData });
  if (cachedData === undefined || script.cachedDataRejected) code.isComplete = false;
  set(code.loaded, text, { source: NO_BYTES, script });
  return runInThisContext(script);
}

/** Called when an instance was made: has the process keep, when it ends, what the next one needs. */
function keepCode() {
  if (code.isComplete || isKeeping) return;
  isKeeping = true;
  if (!require('node:worker_threads').isMainThread) return;
  process.once('exit', () => {
    // Of many processes that began at once, one is enough. There is no cache if the program wanted none.
    const { Host } = addon();
    if (Host.keptScripts(code.name)?.length === code.length) Host.keepScripts(code.name, serialize());
  });
}

/** For each file and text its name, source and code, each after its length. */
function serialize() {
  const parts = [];
  const write = (name, source, bytes) => {
    for (const part of [Buffer.from(name), source, bytes]) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(part.length);
      parts.push(length, part);
    }
  };
  for (const [name, { source, script }] of code.loaded) {
    // To have V8 write it anew takes longer than all else that is done here.
    const isKept = script.cachedDataRejected === false;
    write(name, source, isKept ? code.kept.get(name).code : script.createCachedData());
  }
  // What other programs needed.
  let room = MOST_TEXTS - texts;
  for (const [name, { source, code: bytes }] of code.kept) {
    const isText = source.length === 0;
    if (isText && !code.loaded.has(name) && room-- > 0) write(name, source, bytes);
  }
  return Buffer.concat(parts);
}

module.exports = { functionOf, keptFunctionOf, keepCode };
