// What counts as bytes, for validate, compile, instantiate and Module.
// https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy

import assert from 'node:assert/strict';
import { NOT_OBJECTS, rejectsForAll, throwsForAll } from '../expect.mjs';

export const title = 'Bytes of modules';

const EMPTY = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const { length } = EMPTY;

/** A buffer of a kind that holds a module from `at` on. */
function holding(Buffer, options, at = 0) {
  const buffer = new Buffer(at + length, options && { maxByteLength: at + length + 16 });
  new Uint8Array(buffer).set(EMPTY, at);
  return buffer;
}
const { ArrayBuffer, SharedArrayBuffer } = globalThis;

const MODULES = {
  'an ArrayBuffer': () => holding(ArrayBuffer),
  'a Uint8Array': () => EMPTY.slice(),
  'a Uint16Array': () => new Uint16Array(holding(ArrayBuffer)),
  'a BigInt64Array': () => new BigInt64Array(holding(ArrayBuffer)),
  'a DataView': () => new DataView(holding(ArrayBuffer, null, 8), 8, length),
  'a part of an ArrayBuffer': () => new Uint8Array(holding(ArrayBuffer, null, 3), 3, length),
  'a SharedArrayBuffer': () => holding(SharedArrayBuffer),
  'a view of a SharedArrayBuffer': () => new Uint8Array(holding(SharedArrayBuffer, null, 4), 4),
  'a resizable ArrayBuffer': () => holding(ArrayBuffer, true),
  'a growable SharedArrayBuffer': () => holding(SharedArrayBuffer, true),
  'a view that follows a resizable ArrayBuffer': () => new Uint8Array(holding(ArrayBuffer, true, 4), 4),
  'a DataView that follows a resizable ArrayBuffer': () => new DataView(holding(ArrayBuffer, true)),
  'a DataView of a resizable ArrayBuffer': () => new DataView(holding(ArrayBuffer, true, 4), 4, length),
  'a view that follows a growable SharedArrayBuffer': () =>
    new Uint8Array(holding(SharedArrayBuffer, true, 4), 4),
  'a DataView that follows a growable SharedArrayBuffer': () =>
    new DataView(holding(SharedArrayBuffer, true)),
};

function shrunk(view) {
  view.buffer.resize(2);
  return view;
}
function detached(buffer, of = buffer) {
  structuredClone(buffer, { transfer: [buffer] });
  return of;
}
const resizable = () => new ArrayBuffer(8, { maxByteLength: 8 });

const NO_MODULES = {
  'no bytes at all': () => new Uint8Array(),
  'an ArrayBuffer without bytes': () => new ArrayBuffer(0),
  'a detached ArrayBuffer': () => detached(holding(ArrayBuffer)),
  'a view of a detached ArrayBuffer': () => {
    const view = EMPTY.slice();
    return detached(view.buffer, view);
  },
  'a DataView of a detached ArrayBuffer': () => {
    const view = new DataView(holding(ArrayBuffer));
    return detached(view.buffer, view);
  },
  'a view beyond a shrunk ArrayBuffer': () => shrunk(new Uint8Array(resizable(), 4)),
  'a view with a length beyond a shrunk ArrayBuffer': () => shrunk(new Uint8Array(resizable(), 4, 2)),
};

const REFUSED = [
  ...NOT_OBJECTS,
  {},
  [...EMPTY],
  () => {},
  ArrayBuffer,
  ArrayBuffer.prototype,
  Uint8Array.prototype,
];

export const cases = { validate: {}, compile: {}, instantiate: {}, 'new Module': {} };

for (const [what, make] of Object.entries(MODULES)) {
  cases.validate[`takes ${what}`] = (W) => assert.equal(W.validate(make()), true);
  cases['new Module'][`takes ${what}`] = (W) => assert.ok(new W.Module(make()) instanceof W.Module);
  cases.compile[`takes ${what}`] = async (W) => assert.ok((await W.compile(make())) instanceof W.Module);
  cases.instantiate[`takes ${what}`] = async (W) => {
    const { module, instance } = await W.instantiate(make());
    assert.ok(module instanceof W.Module);
    assert.ok(instance instanceof W.Instance);
  };
}
for (const [what, make] of Object.entries(NO_MODULES)) {
  cases.validate[`finds no module in ${what}`] = (W) => assert.equal(W.validate(make()), false);
  cases['new Module'][`finds no module in ${what}`] = (W) =>
    assert.throws(() => new W.Module(make()), W.CompileError);
  cases.compile[`finds no module in ${what}`] = (W) => assert.rejects(W.compile(make()), W.CompileError);
  cases.instantiate[`finds no module in ${what}`] = (W) =>
    assert.rejects(W.instantiate(make()), W.CompileError);
}

const OUT_OF_BOUNDS = 'refuses a DataView beyond a shrunk ArrayBuffer';
const beyond = () => shrunk(new DataView(resizable(), 4));
cases.validate[OUT_OF_BOUNDS] = (W) => assert.throws(() => W.validate(beyond()), TypeError);
cases['new Module'][OUT_OF_BOUNDS] = (W) => assert.throws(() => new W.Module(beyond()), TypeError);
cases.compile[OUT_OF_BOUNDS] = (W) => assert.rejects(W.compile(beyond()), TypeError);
cases.instantiate[OUT_OF_BOUNDS] = (W) => assert.rejects(W.instantiate(beyond()), TypeError);

const ELSE = 'refuses everything else';
cases.validate[ELSE] = (W) => {
  assert.throws(() => W.validate(), TypeError);
  throwsForAll([...REFUSED, W.Module, W.Module.prototype], TypeError, (value) => W.validate(value));
};
cases['new Module'][ELSE] = (W) => {
  assert.throws(() => new W.Module(), TypeError);
  throwsForAll([...REFUSED, W.Module, new W.Module(EMPTY)], TypeError, (value) => new W.Module(value));
};
cases.compile[ELSE] = async (W) => {
  await assert.rejects(W.compile(), TypeError);
  await rejectsForAll([...REFUSED, W.Module, new W.Module(EMPTY)], TypeError, (value) => W.compile(value));
};
cases.instantiate[ELSE] = async (W) => {
  await assert.rejects(W.instantiate(), TypeError);
  const values = [...REFUSED, W.Module, W.Module.prototype, Object.create(new W.Module(EMPTY))];
  await rejectsForAll(values, TypeError, (value) => W.instantiate(value));
};

const FOLLOWS = 'reads the length when it is called';
cases.validate[FOLLOWS] = (W) => {
  const buffer = new ArrayBuffer(length, { maxByteLength: length });
  const view = new Uint8Array(buffer);
  view.set(EMPTY);
  assert.equal(W.validate(view), true);
  buffer.resize(4);
  assert.equal(W.validate(view), false);
  buffer.resize(length);
  view.set(EMPTY);
  assert.equal(W.validate(view), true);
};
