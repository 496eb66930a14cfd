'use strict';
// Host values in wasm: wasm holds handles, this holds the values. The handle of a value is its index, doubled, plus 1;
// null is 0.

const v8 = require('node:v8');
const vm = require('node:vm');
const { host } = require('./binding');
const { max, pop, push, SafeFinalizationRegistry } = require('./primordials');

const MIN_THRESHOLD = 4096;

/** The handle of undefined, which tables of externref are full of. */
const UNDEFINED = 1;

let beforeCollection;

/** Sets what is called before native things are freed. */
function setBeforeCollection(callback) {
  beforeCollection = callback;
}

/** Frees native things that nothing can reach. */
function collect() {
  beforeCollection();
  sweep(host.collect());
}

const values = [undefined];
let free = [];
let threshold = MIN_THRESHOLD;

/** Makes sure that the next `count` handles can be made without a collection in between. */
function reserve(count) {
  if (free.length < count && values.length >= threshold) {
    collect();
    threshold = max(MIN_THRESHOLD, 2 * (values.length - free.length));
  }
}

/** A handle for a value. Wasm must get it before the next collection. */
function handleOf(value) {
  if (value === null) return 0;
  if (value === undefined) return UNDEFINED;
  const index = free.length > 0 ? pop(free) : values.length;
  values[index] = value;
  return index * 2 + 1;
}

function valueOf(handle) {
  return handle === 0 ? null : values[handle >>> 1];
}

/** Forgets all values but those with the given indices. */
function sweep(live) {
  const keep = new Uint8Array(values.length);
  keep[0] = 1;
  for (let i = 0; i < live.length; i++) if (live[i] < values.length) keep[live[i]] = 1;
  free = [];
  for (let index = values.length - 1; index > 0; index--) {
    if (keep[index]) continue;
    values[index] = undefined;
    push(free, index);
  }
}

/** Frees native things that nothing can reach, if enough has been made since that was done last. */
function collectIfDue() {
  // Always: what is remembered shall not outlive a garbage collection in between.
  beforeCollection();
  const live = host.collectIfDue();
  if (live) sweep(live);
}

let collectGarbage;

/** Frees all that can be freed, JavaScript's garbage first: for when memory or address space has run out. */
function collectNow() {
  if (!collectGarbage) {
    v8.setFlagsFromString('--expose-gc');
    collectGarbage = vm.runInNewContext('gc');
    v8.setFlagsFromString('--no-expose-gc');
  }
  beforeCollection();
  collectGarbage();
  collect();
}

// A sentinel that is lost at the next garbage collection: memory comes back even if nothing new is made.
const MIN_PAUSE_MS = 100;
/** Of the time that passes, collections take no more than one part in so many. */
const SHARE = 20;
let next = 0;
const now = performance.now.bind(performance);
const registry = new SafeFinalizationRegistry(() => {
  const started = now();
  if (started > next) {
    collect();
    const ended = now();
    next = ended + max(MIN_PAUSE_MS, SHARE * (ended - started));
  }
  registry.register({});
});
registry.register({});

module.exports = { setBeforeCollection, UNDEFINED, reserve, handleOf, valueOf, collectIfDue, collectNow };
