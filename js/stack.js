'use strict';
// Stack traces with wasm functions where V8 sees only what drives them: in each stack, the frames of this package give way to
// those of the wasm that they ran. See src/stack.rs for how they get here, docs/stack-traces.md for what cannot be done.

const path = require('node:path');
const { isNativeError } = require('node:util').types;
const { host, mailbox } = require('./binding');
const { brand } = require('./brand');
const { getOwnPropertyDescriptor, getPrototypeOf, parseJson, push, startsWith } = require('./primordials');
const { defineHidden, defineProperty, uncurry } = require('./primordials');

const writeBacktrace = host.backtrace();
const slots = new Float64Array(mailbox, 64);

/**
 * What is known of an error: for each activation that its stack has, the innermost first, the addresses of the active
 * functions (see src/stack.rs); whether a trap was the reason, whose functions come before everything else; and what has to
 * live for addresses to have names.
 */
const Trace = brand();

/** Reads groups of addresses from the slots. */
function readGroups(at) {
  const groups = [];
  for (let next = at; slots[next] >= 0;) {
    const end = next + 1 + slots[next];
    const group = [];
    for (next++; next < end; next++) push(group, slots[next]);
    push(groups, group);
  }
  return groups;
}

/** Reads where a trap was. Its code is the first number in the slots. */
const readTrap = (isTrap, anchor) => ({ isTrap, groups: readGroups(1), anchor });

/** Frames of this package for each activation. */
const OWN_FRAMES = 5;

/**
 * Has the next error come with as many frames of the program as the limit says, besides those that will be left out. Returns
 * the limit to restore; undefined if there is none that could be changed.
 */
function raiseLimit({ groups }) {
  const descriptor = getOwnPropertyDescriptor(NativeError, LIMIT);
  const limit = descriptor?.writable ? descriptor.value : undefined;
  if (typeof limit !== 'number' || limit <= 0) return undefined;
  NativeError.stackTraceLimit = limit + OWN_FRAMES * groups.length;
  return limit;
}

function restoreLimit(limit) {
  if (limit !== undefined) NativeError.stackTraceLimit = limit;
}

const NativeError = Error;
const LIMIT = 'stackTraceLimit';

/** Notes that an error counts as a trap, which happened in what JavaScript provides. */
function markTrap(error) {
  Trace.set(error, { isTrap: true, groups: null, anchor: null });
}

/** Notes where wasm is that calls what has thrown an error. */
function traceImport(error, anchor) {
  if (!isNativeError(error)) return;
  const known = Trace.has(error) ? Trace.get(error) : undefined;
  if (known) {
    if (known.groups !== null) return;
    writeBacktrace();
    known.groups = readGroups(0);
    known.anchor = anchor;
    return;
  }
  writeBacktrace();
  Trace.set(error, { isTrap: false, groups: readGroups(0), anchor });
}

const isTrap = (value) =>
  typeof value === 'object' && value !== null && Trace.has(value) && Trace.get(value).isTrap;

/** The methods of V8's frames. */
const site = {};
{
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.prepareStackTrace = (_, sites) => sites;
  // Another copy of this package leaves out frames of these files; whoever loads it is further down.
  Error.stackTraceLimit = Infinity;
  const prototype = getPrototypeOf(new Error().stack[0]);
  Error.stackTraceLimit = stackTraceLimit;
  Error.prepareStackTrace = prepareStackTrace;
  if (prepareStackTrace === undefined) delete Error.prepareStackTrace;
  for (const name of ['getFileName', 'getFunctionName']) site[name] = uncurry(prototype[name]);
}

/** What V8 says of its own wasm frames. */
class WasmCallSite {
  #frame;

  constructor(frame) {
    this.#frame = frame;
  }

  getThis() {
    return undefined;
  }
  getTypeName() {
    return null;
  }
  getFunction() {
    return this.#frame.func;
  }
  getFunctionName() {
    return this.#frame.name;
  }
  getMethodName() {
    return null;
  }
  getFileName() {
    return urlOf(this.#frame);
  }
  getLineNumber() {
    return 1;
  }
  getColumnNumber() {
    return (this.#frame.offset ?? 0) + 1;
  }
  getEvalOrigin() {
    return undefined;
  }
  isToplevel() {
    return false;
  }
  isEval() {
    return false;
  }
  isNative() {
    return false;
  }
  isConstructor() {
    return false;
  }
  isAsync() {
    return false;
  }
  isPromiseAll() {
    return false;
  }
  getPromiseIndex() {
    return null;
  }
  getScriptNameOrSourceURL() {
    return urlOf(this.#frame);
  }
  getScriptHash() {
    return '';
  }
  getEnclosingLineNumber() {
    return 1;
  }
  getEnclosingColumnNumber() {
    return (this.#frame.offset ?? 0) + 1;
  }
  getPosition() {
    return this.#frame.offset ?? 0;
  }
  toString() {
    return frameText(this.#frame);
  }
}

/** `mod-1234abcd`: a module's name, if it has one, and a number that tells it from others. */
function urlOf({ module, hash }) {
  const digits = uncurriedPad(uncurriedText(hash, 16), 8, '0');
  return `wasm://wasm/${module ? `${module}-` : ''}${digits}`;
}

const uncurriedText = uncurry(Number.prototype.toString);
const uncurriedPad = uncurry(String.prototype.padStart);

/** A frame as V8 writes it. */
function frameText(frame) {
  const { module, func, name, offset } = frame;
  const place = `${urlOf(frame)}:wasm-function[${func}]:0x${uncurriedText(offset ?? 0, 16)}`;
  const label = module && name ? `${module}.${name}` : module || name;
  return label ? `${label} (${place})` : place;
}

/** The frames of a group of addresses. */
function framesAt(group) {
  const addresses = new Float64Array(group.length);
  for (let i = 0; i < group.length; i++) addresses[i] = group[i];
  return parseJson(host.framesAt(addresses));
}

const DIRECTORY = __dirname + path.sep;
const DRIVER = path.join(__dirname, 'drive.js');
const GENERATED = 'gantry:';
/** Shows what is hidden: for work on this package. */
const showsAll = process.env.GANTRY_INTERNAL_FRAMES === '1';

const Kind = { USER: 0, INTERNAL: 1, ACTIVATION: 2 };

/** Whose frame one is; there is one of `run` for each activation. */
function kindOf(callSite) {
  const file = site.getFileName(callSite);
  if (typeof file !== 'string') return Kind.USER;
  if (file === DRIVER && site.getFunctionName(callSite) === 'run') return Kind.ACTIVATION;
  return startsWith(file, DIRECTORY) || startsWith(file, GENERATED) ? Kind.INTERNAL : Kind.USER;
}

function kindsOf(sites) {
  const kinds = [];
  let activations = 0;
  let internal = 0;
  for (let i = 0; i < sites.length; i++) {
    const kind = kindOf(sites[i]);
    push(kinds, kind);
    if (kind !== Kind.USER) internal++;
    if (kind === Kind.ACTIVATION) activations++;
  }
  return { kinds, activations, internal };
}

/** Groups of addresses for an error: those that were noted, or else those of the calls that are going on. */
function groupsOf(error) {
  const trace = typeof error === 'object' && error !== null && Trace.has(error) ? Trace.get(error) : null;
  if (trace !== null && trace.groups !== null) return trace.groups;
  writeBacktrace();
  return readGroups(0);
}

/** Changes the frames of an error in place. */
function change(error, sites) {
  if (showsAll) return;
  const { kinds, activations, internal } = kindsOf(sites);
  if (internal === 0) return;
  const groups = groupsOf(error);
  const changed = [];
  const add = (group) => {
    const frames = group ? framesAt(group) : [];
    for (let i = 0; i < frames.length; i++) push(changed, new WasmCallSite(frames[i]));
  };
  // Both are counted from the innermost, unless there are activations that nothing is known of.
  let unknown = activations - groups.length;
  let next = 0;
  let isInside = false;
  for (let i = 0; i < sites.length; i++) {
    if (kinds[i] === Kind.USER) push(changed, sites[i]);
    else if (kinds[i] === Kind.ACTIVATION && unknown-- <= 0) add(groups[next++]);
    isInside = kinds[i] === Kind.INTERNAL && kinds[i - 1] !== Kind.ACTIVATION;
  }
  // The limit may have cut the stack off on the way to the next activation.
  if (isInside && next === 0) add(groups[next]);
  store(sites, changed);
}

/** Replaces the contents of an array; no more than the limit allows. */
function store(sites, changed) {
  const descriptor = getOwnPropertyDescriptor(NativeError, LIMIT);
  const limit = typeof descriptor?.value === 'number' ? descriptor.value : changed.length;
  const length = changed.length < limit ? changed.length : limit;
  sites.length = 0;
  for (let i = 0; i < length; i++) {
    defineProperty(sites, i, { value: changed[i], writable: true, enumerable: true, configurable: true });
  }
}

/** Whether stack traces can be changed; if not, traps have their frames written into the text. */
const isHooked = host.changeStackTraces(change);

/** Without a hook: the stack of a trap as text, with wasm's frames before those from below the driver on. */
function writeStack(error, frames, below) {
  Error.captureStackTrace(error, below);
  const { stack } = error;
  if (typeof stack !== 'string' || frames.length === 0) return;
  const end = stack.indexOf('\n    at ');
  const [head, tail] = end < 0 ? [stack, ''] : [stack.slice(0, end), stack.slice(end)];
  const lines = frames.map((frame) => `\n    at ${frameText(frame)}`);
  defineHidden(error, 'stack', `${head}${lines.join('')}${tail}`);
}

module.exports = {
  isHooked,
  isTrap,
  readTrap,
  setTrace: Trace.set,
  raiseLimit,
  restoreLimit,
  markTrap,
  traceImport,
  framesAt,
  writeStack,
};
