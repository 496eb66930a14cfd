'use strict';
// https://webassembly.github.io/spec/js-api/#tables

const { host, mailbox, Kind } = require('../binding');
const { markAsUncloneable } = require('../brand');
const { Holders } = require('../holders');
const { collectIfDue } = require('../values');
const { EXISTING } = require('./memory');
const { tableType } = require('./reflection');
const { TableKind, referenceFrom, referenceTo, anchorOfReference, defaultReference } = require('./value');
const { addressOf, addressValue, AddressType, dictionary, enumeration } = require('./webidl');
const { limits, required, defineInterface, setPrototype } = require('./webidl');
const { defineProperty } = require('../primordials');

const MAX_LENGTH = 10_000_000;

const access = host.tableAccess();
const i32 = new Int32Array(mailbox);
const f64 = new Float64Array(mailbox);
/** Words of the mailbox for tables, as indices of `i32`, and from `INDEX` on of `f64`: see src/table.rs. */
const Word = { OPERATION: 6, TABLE: 7, INDEX: 4, VALUE: 5 };
const Operation = { GET: 0, SET: 1, LENGTH: 2 };

/** Reads or writes a table; whether it has that element. What was read is in `f64[Word.VALUE]`. */
function reach(operation, id, index) {
  i32[Word.OPERATION] = operation;
  i32[Word.TABLE] = id;
  f64[Word.INDEX] = index;
  access();
  return i32[Word.OPERATION] === 1;
}

class Table {
  #id;
  #type;
  #is64;
  /** Anchors of the instances whose functions the table may hold. */
  #holders = new Holders();

  constructor(descriptor, value) {
    if (descriptor === EXISTING) {
      this.#id = value;
      this.#type = host.tableElementType(value);
    } else {
      required(1, arguments.length, 'WebAssembly.Table()');
      this.#create(descriptor, value);
    }
    this.#is64 = host.tableIs64(this.#id);
    if (new.target !== Table) setPrototype(this, new.target, Table);
    markAsUncloneable(this);
    host.track(Kind.TABLE, this.#id, this);
  }

  /** Reads a TableDescriptor, its members in the order of Web IDL, and makes a table. */
  #create(given, value) {
    const what = 'WebAssembly.Table()';
    const descriptor = dictionary(given, `${what}: descriptor`);
    const { address = 'i32' } = descriptor;
    const is64 = enumeration(address, AddressType, `${what}: address`);
    const { element } = descriptor;
    if (element === undefined) throw new TypeError(`${what}: element is required`);
    this.#type = enumeration(element, TableKind, `${what}: element`);
    const { min, max } = limits(descriptor, is64, what);
    if (max !== undefined && max < min)
      throw new RangeError(`${what}: maximum ${max} is below initial ${min}`);
    if (min > MAX_LENGTH)
      throw new RangeError(`${what}: ${min} elements are more than the limit of ${MAX_LENGTH}`);
    collectIfDue();
    const id = host.newTable(this.#type, is64, min, max, this.#reference(value));
    if (id === null) throw new RangeError(`${what}: could not allocate table`);
    this.#id = id;
  }

  /** The number for a value, or for the default if there is none. */
  #reference(value) {
    return value === undefined ? defaultReference(this.#type) : this.#given(value);
  }

  /** The number for a value. */
  #given(value) {
    const reference = referenceFrom(this.#type, value);
    const owner = anchorOfReference(value);
    if (owner) this.#holders.add(owner);
    return reference;
  }

  /** https://webassembly.github.io/spec/js-api/#dom-table-length */
  get length() {
    reach(Operation.LENGTH, this.#id, 0);
    return addressOf(f64[Word.VALUE], this.#is64);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-table-get */
  get(index) {
    const id = this.#id;
    required(1, arguments.length, 'WebAssembly.Table.get()');
    const at = addressValue(index, this.#is64, 'WebAssembly.Table.get(): index');
    if (!reach(Operation.GET, id, at)) {
      throw new RangeError(`WebAssembly.Table.get(): the table has no element ${at}`);
    }
    return referenceTo(this.#type, f64[Word.VALUE]);
  }

  /** https://webassembly.github.io/spec/js-api/#dom-table-set */
  set(index, value) {
    const id = this.#id;
    required(1, arguments.length, 'WebAssembly.Table.set()');
    const at = addressValue(index, this.#is64, 'WebAssembly.Table.set(): index');
    const reference = arguments.length > 1 ? this.#given(value) : this.#reference(undefined);
    f64[Word.VALUE] = reference;
    if (!reach(Operation.SET, id, at)) {
      throw new RangeError(`WebAssembly.Table.set(): the table has no element ${at}`);
    }
  }

  /** https://webassembly.github.io/spec/js-api/#dom-table-grow */
  grow(delta, value = undefined) {
    const id = this.#id;
    required(1, arguments.length, 'WebAssembly.Table.grow()');
    const count = addressValue(delta, this.#is64, 'WebAssembly.Table.grow(): delta');
    const old = host.tableGrow(id, count, this.#reference(value));
    if (old === null)
      throw new RangeError(`WebAssembly.Table.grow(): the table cannot grow by ${count} elements`);
    return addressOf(old, this.#is64);
  }

  /** https://github.com/WebAssembly/js-types */
  type() {
    return tableType(this.#id);
  }

  static has(value) {
    return #id in value;
  }

  static id(table) {
    return table.#id;
  }

  static holders(table) {
    return table.#holders;
  }
}

const { has, id: idOfTable, holders: holdersOfTable } = Table;
defineProperty(Table.prototype.set, 'length', { value: 1 });
delete Table.has;
delete Table.id;
delete Table.holders;
defineProperty(Table, 'length', { value: 1, configurable: true });
defineInterface(Table, 'Table');

/** https://webassembly.github.io/spec/js-api/#create-a-table-object */
function tableObject(id) {
  return host.object(Kind.TABLE, id) ?? new Table(EXISTING, id);
}

const isTable = (value) => typeof value === 'object' && value !== null && has(value);

module.exports = { Table, isTable, idOfTable, holdersOfTable, tableObject };
