// The function through which JavaScript enters wasm: V8's own or Node-API's, in every environment of a process.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptWith, succeed } from './helpers/child.mjs';

const MODULES = {
  sums: `(module
    (import "m" "f" (func $f (param i32 i32) (result i32)))
    (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
    (func (export "run") (param $n i32) (result i32) (local $x i32)
      loop
        local.get $x local.get $n call $f local.set $x
        local.get $n i32.const 1 i32.sub local.tee $n br_if 0
      end
      local.get $x)
    (func (export "trap") unreachable))`,
};

/** Enough turns for all tiers of V8. Garbage is made on the way, so that collections happen inside calls. */
const MEASURE = `
  const error = new Error('from JavaScript');
  const imports = { m: { f: (a, b) => { if (b === -1) throw error; return (a + [b][0]) | 0; } } };
  const { add, run, trap } = exportsOf('sums', imports);
  let sum = 0;
  for (let i = 0; i < 300000; i++) sum = add(sum, i);
  assert.equal(sum, 299999 * 300000 / 2 | 0);
  assert.equal(run(300000), 300000 * 300001 / 2 | 0);
  for (let i = 0; i < 50; i++) {
    assert.throws(() => run(-1), (thrown) => thrown === error);
    assert.throws(trap, WebAssembly.RuntimeError);
  }
`;

const ENTRIES = [
  ["V8's", {}],
  ["Node-API's", { GANTRY_NODE_API_ONLY: '1' }],
];

for (const [whose, env] of ENTRIES) {
  test(`${whose} entry: main thread, several workers at once, a second host in one thread`, async () => {
    const printed = await succeed(
      scriptWith(
        MODULES,
        `${MEASURE}
        const code = ${JSON.stringify(`${MEASURE} parentPort.postMessage('same');`)};
        const workers = [1, 2, 3].map(() => worker(code));
        const answers = await Promise.all(workers.map(async (w) => (await once(w, 'message'))[0]));
        for (const key of Object.keys(require.cache)) if (!key.endsWith('.node')) delete require.cache[key];
        const second = require('gantry-wasm').WebAssembly;
        assert.notEqual(second, WebAssembly);
        const module = new second.Module(bytes('sums'));
        const other = new second.Instance(module, { m: { f: (a, b) => add(a, b) } }).exports;
        assert.equal(other.run(100000), 100000 * 100001 / 2 | 0);
        console.log(answers.join(' '));`,
      ),
      { env },
    );
    assert.equal(printed, 'same same same');
  });
}

test('calls within calls, while V8 replaces and inlines the functions in between', async () => {
  const printed = await succeed(
    scriptWith(
      {
        nested: `(module (import "m" "f" (func $f (param i32) (result i32)))
          (func (export "inner") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
          (func (export "outer") (param i32) (result i32) (call $f (local.get 0)))
          (func (export "many") (param $n i32) (result i32) (local $sum i32)
            loop
              (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n))))
              (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
            end
            local.get $sum))`,
      },
      `let inner;
      const { outer, many, ...rest } = exportsOf('nested', { m: { f: (x) => inner(x) } });
      ({ inner } = rest);
      let sum = 0;
      for (let round = 0; round < 6; round++) {
        for (let i = 0; i < 40_000; i++) sum = (sum + outer(i)) | 0;
        sum = (sum + many(100_000)) | 0;
        sum = (sum + new Function('many', 'return many(3_000)')(many)) | 0;
      }
      console.log(sum);`,
    ),
  );
  assert.equal(printed, '468308632');
});

test('calls that were cut off leave room for others', async () => {
  const printed = await succeed(
    scriptWith(
      {
        endless:
          '(module (import "m" "f" (func $f)) (func (export "loop") loop br 0 end) (func (export "call") call $f))',
      },
      `const vm = require('node:vm');
      const { loop, call } = exportsOf('endless', { m: { f: () => { for (;;); } } });
      const cut = (f) => {
        try { vm.runInNewContext('f()', { f }, { timeout: 5 }); } catch (error) { return error.code; }
      };
      for (let i = 0; i < 60; i++) {
        assert.equal(cut(loop), 'ERR_SCRIPT_EXECUTION_TIMEOUT');
        assert.equal(cut(call), 'ERR_SCRIPT_EXECUTION_TIMEOUT');
      }
      console.log('done');`,
    ),
  );
  assert.equal(printed, 'done');
});
