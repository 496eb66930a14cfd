'use strict';
// What JavaScript holds for a native instance.
//
// Wasm reaches instances through tables and imports, JavaScript reaches them through anchors; both must agree on what
// is alive. So anchors refer to the anchors of what their instances can reach: imported functions at once, and what a
// table or global may hold through its `holders`.

const { host, Kind } = require('./binding');
const { SafeMap } = require('./primordials');

class Anchor {
  /** The instance's number. */
  id = -1;
  /** For each import that is a JavaScript function, what calls it with the mailbox's arguments. */
  thunks = [];
  /** Exported functions by index; see functions.js. */
  functions = new SafeMap();
  /** Anchors and holders that must live as long as this. */
  refs = [];

  /** @param writesTables whether code of the instance can put functions into tables */
  constructor(writesTables) {
    this.writesTables = writesTables;
  }
}

/** The anchor of a live instance. */
function anchorOf(id) {
  return host.object(Kind.INSTANCE, id);
}

module.exports = { Anchor, anchorOf };
