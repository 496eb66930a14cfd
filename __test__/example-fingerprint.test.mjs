// The example of several hosts: wasm packages and what they import, chosen by an import map for each environment.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { compile } from '../examples/fingerprint/build.mjs';
import { root } from './helpers/engine.mjs';
import { wat } from './helpers/wat.mjs';

const EXAMPLE = path.join(root, 'examples/fingerprint');
const REGISTER = pathToFileURL(path.join(root, 'register.mjs')).href;
const CLI = path.join(root, 'js/cli/main.js');

/** A copy, since other processes may build and run the example at the same time. */
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'gantry-example-')));
after(() => rmSync(folder, { recursive: true, force: true }));
before(() => {
  const isSource = (file) => path.basename(file) !== 'dist';
  cpSync(EXAMPLE, folder, { recursive: true, filter: isSource });
  compile(path.join(folder, 'dist'));
});

function run(args, env = {}) {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const options = { cwd: folder, encoding: 'utf8', env: { ...inherited, ...env } };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  assert.equal(status, 0, stderr);
  return { stdout: stdout.trim(), stderr };
}

/** The finalizer of MurmurHash3 over the salt, the bytes and their number, in JavaScript. */
function expected(text, salt) {
  const bytes = Buffer.from(text);
  const mix = (state, value) => {
    let x = state ^ value;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return x ^ (x >>> 16);
  };
  const last = mix(bytes.reduce(mix, salt), bytes.length);
  return (last >>> 0).toString(16).padStart(8, '0');
}

const fnv = (text) =>
  Buffer.from(text).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5 | 0);

test('in Node.js, with the map of package.json', () => {
  const texts = ['gantry', 'Grüße, 🌍', 'x'.repeat(3000)];
  const { stdout, stderr } = run(['--import', REGISTER, 'dist/main.js', ...texts], { SALT: 'page' });
  const lines = texts.map((text) => `${expected(text, fnv('page'))} ${Buffer.byteLength(text) + 1}`);
  assert.equal(stdout, lines.join('\n'));
  assert.equal(stderr, '1024 numbers\n2048 numbers\n');
});

test('with the mock of another map', () => {
  const { stdout, stderr } = run(['--import', REGISTER, 'dist/test.js'], {
    GANTRY_IMPORT_MAP: 'maps/mock.json',
  });
  const short = expected('gantry', 42);
  const long = expected('x'.repeat(70_000), 42);
  const calls = { steps: 70_001, calls: 3 + 68, last: 'progress 69632' };
  assert.deepEqual(JSON.parse(stdout), { short, again: short, long, ...calls });
  assert.equal(stderr, '');
});

test('what is checked in is what the sources make', () => {
  for (const name of ['mix', 'fingerprint']) {
    const file = path.join(EXAMPLE, 'packages', name, name);
    const built = wat(readFileSync(`${file}.wat`, 'utf8'));
    assert.ok(WebAssembly.validate(built));
    const exportsOf = (bytes) => WebAssembly.Module.exports(new WebAssembly.Module(bytes));
    assert.deepEqual(exportsOf(readFileSync(`${file}.wasm`)), exportsOf(built));
    run([CLI, 'types', '--check', `${file}.wasm`]);
  }
});

test('the page maps the same packages', () => {
  const page = readFileSync(path.join(EXAMPLE, 'index.html'), 'utf8');
  const { imports } = JSON.parse(page.match(/<script type="importmap">([^]*?)<\/script>/)[1]);
  const node = JSON.parse(readFileSync(path.join(EXAMPLE, 'maps/node.json'), 'utf8')).imports;
  const file = (base, target) => path.resolve(EXAMPLE, base, target);
  for (const name of ['fingerprint', 'mix']) assert.equal(file('.', imports[name]), file('maps', node[name]));
  assert.equal(imports['fingerprint-host'], './dist/host/browser.js');
});
