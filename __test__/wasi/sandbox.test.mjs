// Attempts to leave a directory, on the native file system and on node:fs; what rights and read-only directories refuse.
// The whole table, with races, is in crates/wasi/tests; this is what the addon's own file system has to keep.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { WASI, WebAssembly } from 'gantry-wasm';

const ROOT = 3;
const Errno = { SUCCESS: 0, ILSEQ: 25, INVAL: 28, ROFS: 69, NOTCAPABLE: 76 };
const OFlags = { CREAT: 1, TRUNC: 8 };
const FD_READ = 2n;
const FD_WRITE = 64n;

/** The functions of WASI, with paths and buffers in a memory. */
function functions(options) {
  const wasi = new WASI({ version: 'preview1', ...options });
  const memory = new WebAssembly.Memory({ initial: 1 });
  wasi.finalizeBindings({ exports: { memory } });
  const put = (at, text) => {
    const bytes = Buffer.from(text);
    Buffer.from(memory.buffer).set(bytes, at);
    return [at, bytes.length];
  };
  const call = wasi.wasiImport;
  return {
    open: (name, { follow = 1, oflags = 0, rights = FD_READ } = {}) =>
      call.path_open(ROOT, follow, ...put(0, name), oflags, rights, 0n, 0, 60_000),
    stat: (name) => call.path_filestat_get(ROOT, 1, ...put(0, name), 60_000),
    mkdir: (name) => call.path_create_directory(ROOT, ...put(0, name)),
    rmdir: (name) => call.path_remove_directory(ROOT, ...put(0, name)),
    unlink: (name) => call.path_unlink_file(ROOT, ...put(0, name)),
    rename: (from, to) => call.path_rename(ROOT, ...put(0, from), ROOT, ...put(8192, to)),
    link: (from, to) => call.path_link(ROOT, 1, ...put(0, from), ROOT, ...put(8192, to)),
    symlink: (target, name) => call.path_symlink(...put(8192, target), ROOT, ...put(0, name)),
    readlink: (name) => call.path_readlink(ROOT, ...put(0, name), 20_000, 100, 60_000),
    touch: (name) => call.path_filestat_set_times(ROOT, 1, ...put(0, name), 0n, 0n, 5),
  };
}

/** `inside`, which the program gets, full of links that lead `outside`. */
function withFolders(work) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gantry-sandbox-'));
  const at = (...names) => path.join(folder, ...names);
  try {
    fs.mkdirSync(at('outside', 'dir'), { recursive: true });
    fs.writeFileSync(at('outside', 'secret'), 'secret');
    fs.mkdirSync(at('inside', 'sub'), { recursive: true });
    fs.writeFileSync(at('inside', 'file'), 'public');
    fs.symlinkSync('../outside', at('inside', 'to-outside'));
    fs.symlinkSync('../outside/secret', at('inside', 'to-secret'));
    fs.symlinkSync(at('outside'), at('inside', 'absolute'));
    fs.symlinkSync('/proc/self/root', at('inside', 'to-proc'));
    fs.symlinkSync('..', at('inside', 'up'));
    fs.symlinkSync('../..', at('inside', 'sub', 'two-up'));
    const before = snapshot(at('outside'));
    work(at('inside'), at('outside'));
    assert.deepEqual(snapshot(at('outside')), before, 'outside is as it was');
    assert.deepEqual(fs.readdirSync(folder).sort(), ['inside', 'outside']);
    assert.equal(fs.readFileSync(at('inside', 'file'), 'utf8'), 'public');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const snapshot = (folder) =>
  fs.readdirSync(folder, { recursive: true }).map((name) => {
    const { mtimeMs, size, nlink } = fs.lstatSync(path.join(folder, name));
    return { name, mtimeMs, size, nlink };
  });

const waysOut = (outside) => [
  '../outside',
  './/..///outside',
  'sub/../../outside',
  'to-outside',
  'to-outside/',
  'to-outside/dir/..',
  'absolute',
  'up/outside',
  'sub/two-up/outside',
  '../inside/../outside',
  `to-proc${outside}`,
  `/proc/self/root${outside}`,
  outside,
];

for (const [name, options] of Object.entries({ 'a real directory': {}, 'node:fs': { fs } })) {
  describe(name, () => {
    test('no path leads out', () => {
      withFolders((inside, outside) => {
        const program = functions({ preopens: { '/': inside }, ...options });
        for (const way of waysOut(outside)) {
          const attempts = {
            open: () => program.open(`${way}/secret`),
            'open the directory': () => program.open(way),
            create: () => program.open(`${way}/new`, { oflags: OFlags.CREAT, rights: FD_WRITE }),
            truncate: () => program.open(`${way}/secret`, { oflags: OFlags.TRUNC, rights: 0n }),
            stat: () => program.stat(`${way}/secret`),
            mkdir: () => program.mkdir(`${way}/new`),
            rmdir: () => program.rmdir(`${way}/dir`),
            unlink: () => program.unlink(`${way}/secret`),
            'rename out': () => program.rename('file', `${way}/new`),
            'rename in': () => program.rename(`${way}/secret`, 'stolen'),
            'link out': () => program.link('file', `${way}/new`),
            'link in': () => program.link(`${way}/secret`, 'stolen'),
            symlink: () => program.symlink('x', `${way}/new`),
            readlink: () => program.readlink(`${way}/secret`),
            touch: () => program.touch(`${way}/secret`),
          };
          for (const [what, attempt] of Object.entries(attempts)) {
            assert.equal(attempt(), Errno.NOTCAPABLE, `${what}: ${way}`);
          }
        }
        for (const end of ['to-secret', 'up', '..', 'sub/../..', 'sub/two-up', '../inside/file']) {
          assert.equal(program.open(end), Errno.NOTCAPABLE, end);
          assert.equal(program.stat(end), Errno.NOTCAPABLE, end);
          assert.equal(program.touch(end), Errno.NOTCAPABLE, end);
          assert.equal(program.link(end, 'stolen'), Errno.NOTCAPABLE, end);
        }
        assert.equal(program.symlink('/etc/passwd', 'new'), Errno.NOTCAPABLE);
        assert.equal(program.open('file\0'), Errno.INVAL);
        assert.equal(program.open(Buffer.from([0xff, 0xfe])), Errno.ILSEQ);
        assert.equal(program.open('sub/../file'), Errno.SUCCESS, 'what stays inside is fine');
      });
    });

    test('directories for reading, and with fewer rights', () => {
      withFolders((inside) => {
        const reading = WASI.directory(inside, { readOnly: true });
        const program = functions({ preopens: { '/': reading }, ...options });
        assert.equal(program.open('file'), Errno.SUCCESS);
        assert.equal(program.open('file', { rights: FD_WRITE }), Errno.ROFS);
        assert.equal(program.open('new', { oflags: OFlags.CREAT }), Errno.ROFS);
        assert.equal(program.unlink('file'), Errno.ROFS);
        assert.equal(program.mkdir('new'), Errno.ROFS);
        assert.equal(program.rename('file', 'other'), Errno.ROFS);
        assert.equal(program.touch('file'), Errno.ROFS);

        const few = WASI.directory(inside, { rights: ['path_open', 'fd_read', 'path_create_directory'] });
        const restricted = functions({ preopens: { '/': few }, ...options });
        assert.equal(restricted.open('file'), Errno.SUCCESS);
        assert.equal(restricted.mkdir('made'), Errno.SUCCESS);
        assert.equal(restricted.rmdir('made'), Errno.NOTCAPABLE);
        assert.equal(restricted.open('file', { rights: FD_WRITE }), Errno.NOTCAPABLE);
        assert.equal(restricted.stat('file'), Errno.NOTCAPABLE);
      });
    });
  });
}

test('rights are names of the specification', () => {
  assert.throws(() => WASI.directory('.', { rights: ['fly'] }), { code: 'ERR_INVALID_ARG_VALUE' });
  assert.throws(() => WASI.directory('.', { rights: 'fd_read' }), { code: 'ERR_INVALID_ARG_TYPE' });
});
