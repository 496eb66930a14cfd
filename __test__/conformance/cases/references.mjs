// Which values each reference type takes. https://webassembly.github.io/spec/js-api/#towebassemblyvalue

import assert from 'node:assert/strict';
import { text } from '../../helpers/wat.mjs';

export const title = 'Reference types';

/** Heap types, and which of the values below they take. */
const TAKES = {
  any: 'struct struct2 array array2 small large bigint string symbol undefined object function exported exported2',
  extern:
    'struct struct2 array array2 small large bigint string symbol undefined object function exported exported2',
  eq: 'struct struct2 array array2 small',
  i31: 'small',
  struct: 'struct struct2',
  array: 'array array2',
  func: 'exported exported2',
  none: '',
  nofunc: '',
  noextern: '',
  $struct: 'struct',
  $array: 'array',
  $func: 'exported',
};

const functions = Object.keys(TAKES).map(
  (heap) => `(func (export "${heap}") (param (ref ${heap})))
    (func (export "${heap}?") (param (ref null ${heap})) (result i32) (ref.is_null (local.get 0)))
    (table (export "${heap} table") 1 (ref null ${heap}))
    (global (export "${heap} global") (mut (ref null ${heap})) (ref.null ${heap}))`,
);
const MODULE = text(`(module
  (type $struct (struct (field (mut i32)))) (type $struct2 (struct (field (mut f32))))
  (type $array (array (mut i32))) (type $array2 (array (mut f32)))
  (type $func (func)) (type $func2 (func (result i32)))
  ${functions.join(' ')}
  (func (export "makeStruct") (result (ref $struct)) (struct.new_default $struct))
  (func (export "makeStruct2") (result (ref $struct2)) (struct.new_default $struct2))
  (func (export "makeArray") (result (ref $array)) (array.new_default $array (i32.const 3)))
  (func (export "makeArray2") (result (ref $array2)) (array.new_default $array2 (i32.const 3)))
  (func (export "plain") (type $func)) (func (export "number") (type $func2) (i32.const 1))
  (table (export "never null") 2 9 (ref any) (ref.i31 (i32.const 7))))`);

function make(W) {
  const exports = new W.Instance(new W.Module(MODULE)).exports;
  const values = {
    struct: exports.makeStruct(),
    struct2: exports.makeStruct2(),
    array: exports.makeArray(),
    array2: exports.makeArray2(),
    small: 42,
    large: 2 ** 30,
    bigint: 42n,
    string: 'x',
    symbol: Symbol('s'),
    undefined,
    object: {},
    function: () => {},
    exported: exports.plain,
    exported2: exports.number,
  };
  return { exports, values };
}

/** Has `give` take each value, if it should. */
function checkAll(values, heap, give) {
  const takes = TAKES[heap].split(' ');
  for (const [name, value] of Object.entries(values)) {
    if (takes.includes(name)) give(value);
    else assert.throws(() => give(value), TypeError, `${heap}: ${name}`);
  }
}

const parameters = {};
const tables = {};
const globals = {};
for (const heap of Object.keys(TAKES)) {
  parameters[heap] = (W) => {
    const { exports, values } = make(W);
    checkAll(values, heap, exports[heap]);
    assert.throws(() => exports[heap](null), TypeError);
    checkAll(values, heap, (value) => assert.equal(exports[`${heap}?`](value), 0));
    assert.equal(exports[`${heap}?`](null), 1);
  };
  tables[heap] = (W) => {
    const { exports, values } = make(W);
    const table = exports[`${heap} table`];
    checkAll(values, heap, (value) => {
      table.set(0, value);
      assert.equal(table.get(0), value);
      // Web IDL takes undefined for no value.
      if (value !== undefined) assert.equal(table.get(table.grow(1, value)), value);
    });
    table.set(0, null);
    table.set(0);
    // externref is the one type whose default is not null.
    const missing = heap === 'extern' ? undefined : null;
    assert.equal(table.get(0), missing);
    assert.equal(table.get(table.grow(1)), missing);
  };
  globals[heap] = (W) => {
    const { exports, values } = make(W);
    const global = exports[`${heap} global`];
    assert.equal(global.value, null);
    checkAll(values, heap, (value) => {
      global.value = value;
      assert.equal(global.value, value);
      assert.equal(global.valueOf(), value);
    });
    global.value = null;
    assert.equal(global.value, null);
  };
}

export const cases = {
  'parameters take what is of the type': parameters,
  'tables take what is of the type': tables,
  'globals take what is of the type': globals,
  'types without null': {
    'have no default': (W) => {
      const table = make(W).exports['never null'];
      assert.deepEqual([table.get(0), table.get(1)], [7, 7]);
      assert.throws(() => table.grow(1), TypeError);
      assert.throws(() => table.set(0), TypeError);
      assert.throws(() => table.set(0, null), TypeError);
      assert.equal(table.grow(2, 'x'), 2);
      assert.equal(table.get(3), 'x');
    },
  },
};
