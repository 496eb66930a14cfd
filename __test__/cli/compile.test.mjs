// gantry compile: machine code ahead of time, which gantry run runs.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { gantry, withFiles } from '../helpers/cli.mjs';
import { wat } from '../helpers/wat.mjs';

const PROGRAM =
  '(module (memory (export "memory") 1) (func (export "_start")) (func (export "f") (result i32) i32.const 42))';

test('what it makes runs', async () => {
  await withFiles({ 'a.wasm': wat(PROGRAM) }, async (_, at) => {
    const made = await gantry(['compile', at('a.wasm')]);
    assert.equal(made.code, 0);
    assert.match(made.stdout, /a\.gtx: \d+ KiB from \d+ KiB in \d+\.\d\d s\nfor \w+-\w+, with .*\n$/);
    assert.equal((await gantry(['run', '--invoke', 'f', at('a.gtx')])).stdout, '42\n');
    assert.equal((await gantry(['compile', '-o', at('b.bin'), '-'], { input: PROGRAM })).code, 0);
    assert.deepEqual(fs.readFileSync(at('b.bin')).subarray(0, 7).toString('latin1'), '\0gantry');
    assert.equal((await gantry(['run', '--invoke', 'f', at('b.bin')])).stdout, '42\n');
  });
});

test('options may stand behind the file', async () => {
  await withFiles({ 'a.wat': PROGRAM, '-b.wat': PROGRAM }, async (cwd, at) => {
    const made = await gantry(['compile', at('a.wat'), '-o', at('c.gtx'), '--cpu', 'baseline']);
    assert.match(made.stdout, /c\.gtx: [^]*, any processor\n$/);
    assert.equal((await gantry(['run', '--invoke', 'f', at('c.gtx')])).stdout, '42\n');
    const dashed = await gantry(['compile', '--output', 'd.gtx', '--', '-b.wat'], { cwd });
    assert.equal(dashed.code, 0, dashed.stderr);
    const { code, stderr } = await gantry(['compile', at('a.wat'), '--bogus']);
    assert.equal(code, 2);
    assert.match(stderr, /there is no option --bogus/);
  });
});

test('commands that take modules refuse machine code', async () => {
  await withFiles({ 'a.wat': PROGRAM }, async (cwd, at) => {
    await gantry(['compile', at('a.wat'), '-o', at('a.wasm')]);
    for (const command of ['compile', 'inspect', 'types', 'wasm2js']) {
      const { code, stderr } = await gantry([command, 'a.wasm'], { cwd });
      assert.equal(code, 2, stderr);
      assert.match(stderr, /a\.wasm is compiled already: this command takes the module that it was made of/);
    }
  });
});

test('damaged code is refused', async () => {
  await withFiles({ 'a.wat': PROGRAM }, async (_, at) => {
    await gantry(['compile', at('a.wat')]);
    const bytes = fs.readFileSync(at('a.gtx'));
    bytes[bytes.length - 1] ^= 1;
    fs.writeFileSync(at('a.gtx'), bytes);
    const { code, stderr } = await gantry(['run', at('a.gtx')]);
    assert.equal(code, 1);
    assert.match(stderr, /a\.gtx: .*the compiled module is damaged/);
  });
});

test('for lesser processors', async () => {
  await withFiles({ 'a.wat': PROGRAM }, async (_, at) => {
    const made = await gantry(['compile', '--cpu', 'baseline', at('a.wat')]);
    assert.match(made.stdout, /\nfor \w+-\w+, any processor\n$/);
    assert.equal((await gantry(['run', '--invoke', 'f', at('a.gtx')])).stdout, '42\n');
  });
});

test('for other machines', async () => {
  await withFiles({ 'a.wat': PROGRAM }, async (_, at) => {
    const arch = process.arch === 'arm64' ? 'x86_64' : 'aarch64';
    const targets = { [`${arch}-unknown-linux-gnu`]: 'linux', [`${arch}-apple-darwin`]: 'macos' };
    for (const [target, os] of Object.entries(targets)) {
      const made = await gantry(['compile', '--target', target, at('a.wat')]);
      assert.match(made.stdout, new RegExp(`\nfor ${arch}-${os}, any processor\n$`));
      const { code, stderr } = await gantry(['run', at('a.gtx')]);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`a\\.gtx: .*it was compiled for ${arch}-${os}, and this is `));
    }
  });
});

test('wrong usage', async () => {
  for (const [args, input, message] of [
    [['compile'], '', /compile needs one file/],
    [['compile', '-'], PROGRAM, /say where to with -o/],
    [
      ['compile', '--target', 'pdp11', '-o', '/dev/null', '-'],
      PROGRAM,
      /no target "pdp11"; the targets are x86_64-/,
    ],
    [
      ['compile', '--cpu', 'sse99', '-o', '/dev/null', '-'],
      PROGRAM,
      /no processor feature "sse99"; there are /,
    ],
    [['compile', '-o', '/nowhere/at/all/a.gtx', '-'], PROGRAM, /cannot write \/nowhere/],
    [['compile', '-o', '/dev/null', '-'], '(module (func (result i32)))', /type mismatch.*\(at offset 0x/],
  ]) {
    const { code, stderr } = await gantry(args, { input });
    assert.ok(code === 1 || code === 2);
    assert.match(stderr, message);
  }
});
