// C programs on every kind of file system: what the C library makes of the system interface. They check themselves.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { WASI, WebAssembly } from 'gantry-wasm';
import { Volume, createFsFromVolume } from 'memfs';

const PROGRAMS = new URL('programs/', import.meta.url);

/** Runs `work` with an empty folder, on the disk or in memory. */
function inFolder(parent, work) {
  const folder = fs.mkdtempSync(path.join(parent, 'gantry-programs-'));
  try {
    return work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** @returns {{ code: number, stdout: string }} what a program gives */
function run(name, options) {
  const chunks = [];
  const wasi = new WASI({
    version: 'preview1',
    stdin: '',
    stdout: (chunk) => chunks.push(Buffer.from(chunk)),
    ...options,
  });
  const module = new WebAssembly.Module(fs.readFileSync(new URL(`${name}.wasm`, PROGRAMS)));
  const code = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
  return { code, stdout: Buffer.concat(chunks).toString() };
}

const tmpfs = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
const onFolder = (parent, options) => (work) =>
  inFolder(parent, (folder) => work({ preopens: { '/': folder }, ...options }));

const FILE_SYSTEMS = {
  'a real directory': onFolder(os.tmpdir()),
  'a directory on tmpfs': onFolder(tmpfs),
  'node:fs': onFolder(os.tmpdir(), { fs }),
  'a tree of objects': (work) => work({ preopens: { '/': {} } }),
};

/** How many checks each program makes. */
const CHECKS = { stdio: 40_058, files: 50, directories: 1552 };

for (const [name, withOptions] of Object.entries(FILE_SYSTEMS)) {
  describe(`on ${name}`, () => {
    for (const [program, checks] of Object.entries(CHECKS)) {
      test(program, () => {
        const result = withOptions((options) => run(program, options));
        assert.deepEqual(result, { code: 0, stdout: `${checks} checks, 0 failures\n` });
      });
    }
  });
}

describe('on memfs', () => {
  // Its rmdir refuses empty directories that were renamed, which `directories` finds.
  for (const program of ['stdio', 'files']) {
    test(program, () => {
      const volume = new Volume();
      volume.mkdirSync('/folder');
      const result = run(program, { preopens: { '/': '/folder' }, fs: createFsFromVolume(volume) });
      assert.deepEqual(result, { code: 0, stdout: `${CHECKS[program]} checks, 0 failures\n` });
      assert.deepEqual(volume.readdirSync('/folder'), []);
    });
  }
});

test('process: arguments, environment, time, standard streams', () => {
  const stderr = [];
  const result = run('process', {
    args: ['process', 'first', 'the second'],
    env: { GREETING: 'hello = world' },
    stdin: 'from outside\n',
    stderr: (chunk) => stderr.push(Buffer.from(chunk)),
  });
  assert.deepEqual(result, { code: 42, stdout: '15 checks, 0 failures\n' });
  assert.equal(Buffer.concat(stderr).toString(), 'to stderr\n');
});
