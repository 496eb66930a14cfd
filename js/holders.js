'use strict';
// What tables and globals hold: the anchors of the instances whose functions may be in them.
//
// JavaScript sees what it puts there itself. What wasm puts there it does not see, so that every instance that can write
// to a table counts from when it was linked to it. Instances that cannot write after their segments were copied count
// only as long as their functions are there, which is looked up when there are many.

const { host } = require('./binding');

const MIN_LIMIT = 64;

class Holders {
  #anchors = new Set();
  #limit = MIN_LIMIT;

  /** Counts the instance of an anchor in. */
  add(anchor) {
    this.#anchors.add(anchor);
  }

  /**
   * Counts an instance in that was given access, and the holders among what it reaches.
   * @param table the number of the table; nothing for globals, which are not looked into
   */
  share(anchor, table) {
    if (table !== undefined && this.#anchors.size >= this.#limit) this.#prune(table);
    this.#anchors.add(anchor);
    anchor.refs.push(this);
  }

  #prune(table) {
    // Functions of the table may be on the stack only.
    if (host.depth() > 0) return;
    const owners = new Set(host.tableOwners(table));
    for (const anchor of this.#anchors) {
      if (!anchor.writesTables && !owners.has(anchor.id)) this.#anchors.delete(anchor);
    }
    this.#limit = Math.max(MIN_LIMIT, 2 * this.#anchors.size);
  }
}

module.exports = { Holders };
