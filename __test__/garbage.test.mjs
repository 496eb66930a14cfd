// What programs drop is found by the garbage collector as it runs anyway, and what weak references and finalizers see of it.

import { test } from 'node:test';
import { scriptWith, succeed } from './helpers/child.mjs';

const MODULES = {
  all: `(module (memory (export "memory") 1) (table (export "table") 2 funcref) (tag (export "tag"))
    (global (export "global") (mut externref) (ref.null extern))
    (func $f (export "f") (result i32) (i32.const 7)) (elem declare func $f)
    (func (export "self") (result funcref) (ref.func $f)))`,
  fill: `(module (memory (export "memory") 160)
    (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 10485760))))`,
};

/** The most that was resident, in megabytes. */
const PEAK = 'const peak = () => process.resourceUsage().maxRSS / 1024;';

/** Loops that never give the event loop a turn, each 200 times with ten megabytes that are filled. */
const LOOPS = {
  'memories, through their buffers':
    'new Uint8Array(new WebAssembly.Memory({ initial: 160 }).buffer).fill(1);',
  'shared memories, through their buffers': `new Uint8Array(
    new WebAssembly.Memory({ initial: 160, maximum: 160, shared: true }).buffer).fill(1);`,
  'memories of instances, which JavaScript never sees': 'new WebAssembly.Instance(module).exports.fill();',
  'memories that grow': `const memory = new WebAssembly.Memory({ initial: 0 });
    memory.grow(160);
    new Uint8Array(memory.buffer).fill(1);`,
};

for (const [what, body] of Object.entries(LOOPS)) {
  const loop = `const module = new WebAssembly.Module(bytes('fill'));
    for (let i = 0; i < 200; i++) { ${body} }
    assert.ok(peak() < 1000, \`\${peak()} MB\`);`;
  test(`${what}: two gigabytes dropped in a loop are freed meanwhile`, async () => {
    await succeed(scriptWith(MODULES, `${PEAK} ${loop}`));
  });
  test(`${what}: the same in a worker`, async () => {
    const code = `${PEAK} const thread = worker(${JSON.stringify(`${PEAK} ${loop}`)});
      assert.deepEqual(await once(thread, 'exit'), [0]);`;
    await succeed(scriptWith(MODULES, code));
  });
}

test('the buffers of memories count as external memory', async () => {
  const code = `const external = () => process.memoryUsage().external / (1 << 20);
    const before = external();
    const memory = new WebAssembly.Memory({ initial: 160 });
    memory.buffer;
    assert.ok(external() - before >= 10);
    memory.grow(160);
    memory.buffer;
    const after = external() - before;
    assert.ok(after >= 20 && after < 25, String(after));`;
  await succeed(scriptWith(MODULES, code));
});

/** Runs code that may await `settle()`, after which all garbage is gone, in the main thread and in a worker. */
function testWeak(name, code) {
  const whole = `
    const settle = async () => {
      // What wasm held is let go of by the store, which follows V8's collections at some distance.
      for (let i = 0; i < 10; i++) {
        gc();
        await sleep(30);
      }
    };
    const module = new WebAssembly.Module(bytes('all'));
    const make = () => {
      const instance = new WebAssembly.Instance(module);
      return { instance, exports: instance.exports, ...instance.exports };
    };
    const weakOf = (things) =>
      Object.fromEntries(Object.entries(things).map(([name, thing]) => [name, new WeakRef(thing)]));
    const alive = (weak) => Object.keys(weak).filter((name) => weak[name].deref()).sort();
    ${code}`;
  const flags = ['--expose-gc'];
  test(`${name} [main thread]`, () => succeed(scriptWith(MODULES, whole), { flags }));
  test(`${name} [worker]`, () => {
    const start = `const thread = worker(${JSON.stringify(whole)}); assert.deepEqual(await once(thread, 'exit'), [0]);`;
    return succeed(scriptWith(MODULES, start), { flags });
  });
}

testWeak(
  'all that an instance consists of is collected, and finalizers run, when nothing refers to any of it',
  `const finalized = [];
  const registry = new FinalizationRegistry((name) => finalized.push(name));
  const weak = (() => {
    const things = make();
    for (const [name, thing] of Object.entries(things)) registry.register(thing, name);
    return weakOf(things);
  })();
  await settle();
  assert.deepEqual(alive(weak), []);
  assert.deepEqual(finalized.sort(), Object.keys(weak).sort());`,
);

testWeak(
  'what something refers to stays, and is the same object',
  `const kept = {
    instance: ['exports', 'f', 'global', 'instance', 'memory', 'self', 'table', 'tag'],
    exports: ['exports', 'f', 'global', 'memory', 'self', 'table', 'tag'],
    f: ['f'],
    memory: ['memory'],
    table: ['table'],
    global: ['global'],
    tag: ['tag'],
  };
  for (const [name, expected] of Object.entries(kept)) {
    const { weak, thing } = (() => {
      const things = make();
      return { weak: weakOf(things), thing: things[name] };
    })();
    await settle();
    for (const other of expected) assert.ok(alive(weak).includes(other), \`\${name} keeps \${other}\`);
    assert.equal(weak[name].deref(), thing);
    if (name === 'f') assert.equal(thing(), 7);
  }`,
);

testWeak(
  'a function in a table stays, with what JavaScript gave it',
  `const table = new WebAssembly.Table({ element: 'anyfunc', initial: 2 });
  const weak = (() => {
    const { f } = make();
    f.mark = {};
    table.set(0, f);
    return new WeakRef(f.mark);
  })();
  await settle();
  assert.equal(table.get(0).mark, weak.deref());
  assert.notEqual(weak.deref(), undefined);
  assert.equal(table.get(0)(), 7);
  assert.equal(table.get(0), table.get(0));
  // A table remembers for a while whose functions it had, but not for ever.
  for (let i = 0; i < 200; i++) table.set(0, make().f);
  await settle();
  assert.equal(weak.deref(), undefined);`,
);

testWeak(
  'a function that wasm gives again is the same while it is referred to',
  `const { f, self } = make();
  const weak = new WeakRef(f);
  await settle();
  assert.equal(self(), f);
  assert.equal(weak.deref(), f);`,
);

testWeak(
  'a buffer keeps its memory, and a memory that is gone leaves nothing that finalizers wait for',
  `let done;
  const finalized = new Promise((resolve) => (done = resolve));
  const registry = new FinalizationRegistry(done);
  let buffer = (() => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    registry.register(memory, 'memory');
    return memory.buffer;
  })();
  await settle();
  new Uint8Array(buffer)[65535] = 1;
  assert.equal(await Promise.race([finalized, sleep(50, 'alive')]), 'alive');
  buffer = null;
  await settle();
  assert.equal(await finalized, 'memory');`,
);

testWeak(
  'handles that a finalizer gets may make new things',
  `let made;
  const registry = new FinalizationRegistry(() => (made = new WebAssembly.Memory({ initial: 1 })));
  (() => registry.register(make().instance, 0))();
  await settle();
  assert.equal(made.grow(1), 1);`,
);
