'use strict';
// Tells whoever subscribed to the diagnostics channel `gantry:compile` of each module that was compiled or found in the cache.

const { channel } = require('node:diagnostics_channel');

const compiled = channel('gantry:compile');

/** @param {number} started when the module was asked for, by `performance.now()` */
function tell(module, byteLength, started) {
  if (compiled.hasSubscribers)
    compiled.publish({ module, byteLength, milliseconds: performance.now() - started });
}

module.exports = { tell };
