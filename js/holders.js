'use strict';
// What tables and globals hold: the anchors of the instances whose functions may be in them.
//
// JavaScript sees what it puts there itself. What wasm puts there it does not see, so that every instance that can write
// to a table counts from when it was linked to it. Instances that cannot write after their segments were copied count
// only as long as some table or global has their functions, which is looked up when there are many. Any will do: who
// moved a function elsewhere was linked to this table and keeps its holders.

const { host } = require('./binding');
const { max, push, SafeSet } = require('./primordials');

const MIN_LIMIT = 64;

class Holders {
  #anchors = new SafeSet();
  #limit = MIN_LIMIT;

  /** Counts the instance of an anchor in. */
  add(anchor) {
    if (this.#anchors.has(anchor)) return;
    if (this.#anchors.size >= this.#limit) this.#prune();
    this.#anchors.add(anchor);
  }

  /** Counts an instance in that was given access, and the holders among what it reaches. */
  share(anchor) {
    this.add(anchor);
    push(anchor.refs, this);
  }

  #prune() {
    // Functions may be on the stack only.
    if (host.depth() > 0) return;
    const owners = new SafeSet();
    const ids = host.ownersOfKeptFunctions();
    for (let i = 0; i < ids.length; i++) owners.add(ids[i]);
    const anchors = this.#anchors;
    anchors.forEach((anchor) => {
      if (!anchor.writesTables && !owners.has(anchor.id)) anchors.delete(anchor);
    });
    this.#limit = max(MIN_LIMIT, 1.5 * anchors.size);
  }
}

module.exports = { Holders };
