'use strict';
// File systems for programs over any object with the synchronous functions of node:fs.

const { constants } = require('node:fs');
const { backend } = require('./backend');

/** How to open, in bits: see src/wasi/backend.rs. */
const Open = { READ: 1, WRITE: 2, CREATE: 4, EXCLUSIVE: 8, TRUNCATE: 16 };

/** File types of WASI. */
const FileType = {
  UNKNOWN: 0,
  BLOCK_DEVICE: 1,
  CHARACTER_DEVICE: 2,
  DIRECTORY: 3,
  REGULAR_FILE: 4,
  SOCKET: 6,
  SYMBOLIC_LINK: 7,
};

const MODE = 0o666;

/** @param {typeof import('node:fs')} fs */
function fileSystem(fs, failure) {
  const times = (set, target, stat) => (atime, mtime) => {
    const old = atime < 0 || mtime < 0 ? stat(target) : undefined;
    set(target, time(atime, old?.atimeMs), time(mtime, old?.mtimeMs));
    return {};
  };
  return backend(
    {
      lstat: (path) => ({ stat: attributes(fs.lstatSync(path, { bigint: true })) }),
      open: (path, _, bits) => ({ number: fs.openSync(path, openFlags(bits), MODE) }),
      readdir: (path) => ({
        entries: fs
          .readdirSync(path, { withFileTypes: true })
          .map((entry) => [`${entry.name}`, typeOf(entry)]),
      }),
      readlink: (path) => ({ bytes: Buffer.from(fs.readlinkSync(path)) }),
      mkdir: (path) => done(fs.mkdirSync(path)),
      rmdir: (path) => done(fs.rmdirSync(path)),
      unlink: (path) => done(fs.unlinkSync(path)),
      symlink: (path, target) => done(fs.symlinkSync(target, path)),
      link: (path, newPath) => done(fs.linkSync(path, newPath)),
      rename: (path, newPath) => done(fs.renameSync(path, newPath)),
      utimes: (path, _, atime, mtime) =>
        times(fs.lutimesSync ?? fs.utimesSync, path, fs.lstatSync)(atime, mtime),

      fstat: (fd) => ({ stat: attributes(fs.fstatSync(Number(fd), { bigint: true })) }),
      read: (fd, _, size, position) => {
        const buffer = Buffer.alloc(size);
        const count = fs.readSync(Number(fd), buffer, 0, size, offset(position));
        return { bytes: buffer.subarray(0, count) };
      },
      write: (fd, _, __, position, bytes) => ({
        number: fs.writeSync(Number(fd), bytes, 0, bytes.length, offset(position)),
      }),
      ftruncate: (fd, _, size) => done(fs.ftruncateSync(Number(fd), size)),
      futimes: (fd, _, atime, mtime) => times(fs.futimesSync, Number(fd), fs.fstatSync)(atime, mtime),
      fsync: (fd) => done(fs.fsyncSync(Number(fd))),
      fdatasync: (fd) => done((fs.fdatasyncSync ?? fs.fsyncSync)(Number(fd))),
      close: (fd) => done(fs.closeSync(Number(fd))),
    },
    failure,
  );
}

const done = () => ({});

const offset = (position) => (position < 0 ? null : position);

/** Seconds; negative ones stand for what there was, infinite ones for the present. */
function time(seconds, oldMilliseconds) {
  if (seconds < 0) return oldMilliseconds / 1000;
  return seconds === Infinity ? Date.now() / 1000 : seconds;
}

function openFlags(bits) {
  const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  // Truncating needs the right to write.
  const writes = (bits & (Open.WRITE | Open.TRUNCATE)) !== 0;
  let flags = O_RDONLY;
  if (writes) flags = bits & Open.READ ? O_RDWR : O_WRONLY;
  if (bits & Open.CREATE) flags |= O_CREAT;
  if (bits & Open.EXCLUSIVE) flags |= O_EXCL;
  if (bits & Open.TRUNCATE) flags |= O_TRUNC;
  return flags | O_NOFOLLOW | O_NONBLOCK;
}

function typeOf(entry) {
  if (entry.isFile()) return FileType.REGULAR_FILE;
  if (entry.isDirectory()) return FileType.DIRECTORY;
  if (entry.isSymbolicLink()) return FileType.SYMBOLIC_LINK;
  if (entry.isCharacterDevice()) return FileType.CHARACTER_DEVICE;
  if (entry.isBlockDevice()) return FileType.BLOCK_DEVICE;
  return entry.isSocket() ? FileType.SOCKET : FileType.UNKNOWN;
}

/** Not every file system knows the option for exact numbers. */
function attributes(stat) {
  const nanoseconds = (name) => stat[`${name}Ns`] ?? BigInt(Math.round(Number(stat[`${name}Ms`]) * 1e6));
  return {
    dev: BigInt(stat.dev ?? 0),
    ino: BigInt(stat.ino ?? 0),
    nlink: BigInt(stat.nlink ?? 1),
    size: BigInt(stat.size),
    fileType: typeOf(stat),
    atim: nanoseconds('atime'),
    mtim: nanoseconds('mtime'),
    ctim: nanoseconds('ctime'),
  };
}

module.exports = { fileSystem };
