// The cache of compiled modules, between processes.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { scriptWith, run, succeed } from './helpers/child.mjs';

const FUNCTIONS = Array.from(
  { length: 1500 },
  (_, i) => `(func (param i32) (result i32) local.get 0 i32.const ${i} i32.add)`,
);
const MODULES = {
  large: `(module (func (export "answer") (result i32) i32.const 42) ${FUNCTIONS.join('')})`,
};

/** Prints whether the module was found. */
const SCRIPT = scriptWith(
  MODULES,
  `const { infoOfModule } = require('./js/api/module');
  const module = new WebAssembly.Module(bytes('large'));
  assert.equal(new WebAssembly.Instance(module).exports.answer(), 42);
  const other = await WebAssembly.compile(bytes('large'));
  assert.equal(new WebAssembly.Instance(other).exports.answer(), 42);
  console.log(infoOfModule(module).cached ? 'found' : 'compiled');`,
);

/** As many processes as are asked for share the processor's cores. */
const LONG = 600_000;

let folder;
/** All code is made, and kept, before a module can be used. */
const cacheIn = (name) => ({ GANTRY_CACHE: path.join(folder, name), GANTRY_TIER: 'optimized' });
/** All but notes, of which the package's own JavaScript leaves one. */
const entriesIn = (dir) => fs.readdirSync(dir).filter((name) => !name.endsWith('.gtn'));
const entriesOf = (name) => entriesIn(path.join(folder, name));

before(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-cache-'))));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('a module that was compiled before', () => {
  test('is found by the next process', async () => {
    assert.equal(await succeed(SCRIPT, { env: cacheIn('next') }), 'compiled');
    assert.equal(await succeed(SCRIPT, { env: cacheIn('next') }), 'found');
    assert.equal(entriesOf('next').length, 1);
  });

  test('is only looked for while it arrives, and tells then how many functions it has', async () => {
    const script = scriptWith(
      MODULES,
      `const code = bytes('large');
      // A section of its own before all else, larger than what is hashed in one go.
      const front = Buffer.concat([Buffer.from([0, 0x82, 0x80, 0x20, 1, 120]), Buffer.alloc(512 << 10)]);
      const wasm = Buffer.concat([code.subarray(0, 8), front, code.subarray(8)]);
      async function* chunks() {
        for (let at = 0; at < wasm.length; at += 100_000) yield wasm.subarray(at, at + 100_000);
      }
      const seen = [];
      const onProgress = ({ bytesReceived, functionsReady, functionsTotal, phase }) =>
        seen.push(phase + ' ' + (bytesReceived === wasm.length) + ' ' + functionsReady + '/' + functionsTotal);
      const module = await WebAssembly.compileStreaming(chunks(), { onProgress });
      assert.equal(new WebAssembly.Instance(module).exports.answer(), 42);
      console.log(seen.at(-2) + ', ' + seen.at(-1));`,
    );
    const lines = [];
    for (let i = 0; i < 3; i++) lines.push(await succeed(script, { env: cacheIn('stream') }));
    assert.match(lines[0], /^compiling true \d+\/1501, ready true 1501\/1501$/);
    const known = 'compiling true 0/0, ready true 1501/1501';
    assert.deepEqual(lines.slice(1), [known, known]);
  });

  const platform = { skip: ['win32', 'darwin'].includes(process.platform) };
  test('is where the platform keeps such things, unless that is switched off', platform, async () => {
    const { GANTRY_CACHE: _, ...inherited } = process.env;
    const [xdg, home] = ['xdg', 'home'].map((name) => path.join(folder, name));
    const env = { XDG_CACHE_HOME: xdg, HOME: home, GANTRY_TIER: 'optimized' };
    for (const GANTRY_CACHE of ['off', '']) {
      for (let i = 0; i < 2; i++) {
        assert.equal(await succeed(SCRIPT, { env: { ...env, GANTRY_CACHE } }), 'compiled');
      }
    }
    assert.ok(!fs.existsSync(xdg) && !fs.existsSync(home));
    const places = [
      [env, path.join(xdg, 'gantry-wasm')],
      [{ ...env, XDG_CACHE_HOME: 'relative' }, path.join(home, '.cache/gantry-wasm')],
    ];
    for (const [variables, place] of places) {
      for (const expected of ['compiled', 'found']) {
        assert.equal(await succeed(SCRIPT, { env: variables, base: inherited }), expected);
      }
      assert.match(entriesIn(place).join(), /^[0-9a-f]{64}\.gtx$/);
      assert.equal(fs.statSync(place).mode & 0o777, 0o700);
    }
  });

  test('many processes at once make one entry', { timeout: LONG }, async () => {
    const count = Number(process.env.GANTRY_TEST_PROCESSES ?? 12);
    const runs = Array.from({ length: count }, () =>
      succeed(SCRIPT, { env: cacheIn('many'), timeout: LONG }),
    );
    for (const printed of await Promise.all(runs)) assert.match(printed, /^(found|compiled)$/);
    assert.equal(entriesOf('many').length, 1);
    assert.equal(await succeed(SCRIPT, { env: cacheIn('many') }), 'found');
  });

  test('processes that are killed leave nothing wrong behind', async () => {
    for (let i = 0; i < 12; i++) {
      await run(SCRIPT, { env: cacheIn('killed'), timeout: 60 + 15 * i });
    }
    await succeed(SCRIPT, { env: cacheIn('killed') });
    assert.equal(await succeed(SCRIPT, { env: cacheIn('killed') }), 'found');
  });

  test('a damaged entry is compiled anew', async () => {
    await succeed(SCRIPT, { env: cacheIn('damaged') });
    const [entry] = entriesOf('damaged').map((name) => path.join(folder, 'damaged', name));
    const bytes = fs.readFileSync(entry);
    bytes[bytes.length - 1] ^= 1;
    fs.writeFileSync(`${entry}.new`, bytes);
    fs.renameSync(`${entry}.new`, entry);
    assert.equal(await succeed(SCRIPT, { env: cacheIn('damaged') }), 'compiled');
    assert.equal(await succeed(SCRIPT, { env: cacheIn('damaged') }), 'found');
  });
});

test('serialize and deserialize', async () => {
  const { WebAssembly } = await import('gantry-wasm');
  const { wat } = await import('./helpers/wat.mjs');
  const bytes = new WebAssembly.Module(wat(MODULES.large)).serialize();
  const module = WebAssembly.Module.deserialize(bytes);
  assert.ok(module instanceof WebAssembly.Module);
  assert.equal(new WebAssembly.Instance(module).exports.answer(), 42);
  bytes[100] ^= 1;
  assert.throws(() => WebAssembly.Module.deserialize(bytes), /CompileError.*damaged|damaged/);
  assert.throws(() => WebAssembly.Module.deserialize(new Uint8Array(3)), WebAssembly.CompileError);
  assert.throws(() => WebAssembly.Module.deserialize('x'), TypeError);
});
