// Which objects can be sent to other threads: modules and shared memories.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebAssembly as gantry } from 'gantry-wasm';
import { both, nodeMajor } from '../helpers/both.mjs';
import { wat } from '../helpers/wat.mjs';

const MODULE = wat('(module (func (export "f")))');

both('modules and shared memories are cloned', (W) => {
  assert.notEqual(structuredClone(new W.Module(MODULE)), undefined);
  const memory = new W.Memory({ initial: 1, maximum: 1, shared: true });
  assert.equal(structuredClone(memory).buffer.byteLength, 65536);
});

both('functions are not', (W) => {
  assert.throws(() => structuredClone(new W.Instance(new W.Module(MODULE)).exports.f), {
    name: 'DataCloneError',
  });
});

const UNCLONEABLE = {
  Instance: (W) => new W.Instance(new W.Module(MODULE)),
  Memory: (W) => new W.Memory({ initial: 1 }),
  Table: (W) => new W.Table({ element: 'anyfunc', initial: 1 }),
  Global: (W) => new W.Global({ value: 'i32' }),
  Tag: (W) => new W.Tag({ parameters: [] }),
  Exception: (W) => new W.Exception(new W.Tag({ parameters: [] }), []),
};
for (const [name, make] of Object.entries(UNCLONEABLE)) {
  test(`${name} objects are not, where Node can say so [${nodeMajor < 22 ? 'not here' : 'gantry'}]`, () => {
    const object = make(gantry);
    if (nodeMajor < 22) assert.deepEqual(structuredClone(object), {});
    else assert.throws(() => structuredClone(object), { name: 'DataCloneError' });
  });
}
