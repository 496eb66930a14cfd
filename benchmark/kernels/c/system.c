// Calls of the system interface in loops. Each returns the sum of the errors, hence 0; `list` returns how many entries it saw.

typedef unsigned char u8;
typedef unsigned u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) extern u32 name

WASI(clock_time_get)(u32 id, u64 precision, u64 *time);
WASI(fd_close)(u32 fd);
WASI(fd_pread)(u32 fd, const u32 *buffers, u32 count, u64 offset, u32 *read);
WASI(fd_read)(u32 fd, const u32 *buffers, u32 count, u32 *read);
WASI(fd_readdir)(u32 fd, u8 *buffer, u32 length, u64 cookie, u32 *used);
WASI(fd_seek)(u32 fd, long long offset, u32 whence, u64 *position);
WASI(fd_write)(u32 fd, const u32 *buffers, u32 count, u32 *written);
WASI(path_filestat_get)(u32 fd, u32 flags, const char *path, u32 length, u8 *stat);
WASI(path_open)(u32 fd, u32 flags, const char *path, u32 length, u32 oflags, u64 base, u64 inheriting, u32 fdflags, u32 *opened);

static u8 buffer[1 << 16];
static u32 buffers[2], result;
static u64 number;

enum { ROOT = 3, STDOUT = 1, DIRECTORY = 2, SIZE = 1 << 20 };
static const u64 READ = 1 << 1 | 1 << 2, READDIR = 1 << 14;

static const u32 *whole(u32 size) {
  buffers[0] = (u32)buffer;
  buffers[1] = size;
  return buffers;
}

/** Gives the descriptor. */
EXPORT(open_file) u32 open_file(void) { return path_open(ROOT, 1, "file", 4, 0, READ, 0, 0, &result) ? 0 : result; }
EXPORT(open_list) u32 open_list(void) {
  return path_open(ROOT, 1, "many", 4, DIRECTORY, READDIR, 0, 0, &result) ? 0 : result;
}

EXPORT(clock) u32 clock(u32 times) {
  u32 errors = 0;
  while (times--) errors += clock_time_get(1, 1, &number);
  return errors;
}

EXPORT(write) u32 write(u32 times, u32 size) {
  u32 errors = 0;
  while (times--) errors += fd_write(STDOUT, whole(size), 1, &result);
  return errors;
}

/** From the start to the end, and again. */
EXPORT(read) u32 read(u32 fd, u32 times, u32 size) {
  u32 errors = 0;
  while (times--) {
    errors += fd_read(fd, whole(size), 1, &result);
    if (result < size) errors += fd_seek(fd, 0, 0, &number);
  }
  return errors;
}

EXPORT(read_anywhere) u32 read_anywhere(u32 fd, u32 times, u32 size) {
  u32 errors = 0, random = 1;
  while (times--) {
    random = random * 1664525 + 1013904223;
    errors += fd_pread(fd, whole(size), 1, (random >> 8) % (SIZE - size), &result);
  }
  return errors;
}

EXPORT(open_close) u32 open_close(u32 times) {
  u32 errors = 0;
  while (times--) errors += path_open(ROOT, 1, "file", 4, 0, READ, 0, 0, &result) + fd_close(result);
  return errors;
}

EXPORT(stat) u32 stat(u32 times) {
  u32 errors = 0;
  while (times--) errors += path_filestat_get(ROOT, 1, "file", 4, buffer);
  return errors;
}

EXPORT(list) u32 list(u32 fd) {
  u32 entries = 0;
  u64 cookie = 0;
  do {
    if (fd_readdir(fd, buffer, 4096, cookie, &result)) return 0;
    for (u32 at = 0; at + 24 <= result;) {
      u32 next = at + 24 + *(u32 *)(buffer + at + 16);
      if (next > result) break;
      const u8 *name = buffer + at + 24;
      // `.` and `..`, which not all systems give, do not count.
      if (name[0] != '.') entries++;
      __builtin_memcpy(&cookie, buffer + at, 8);
      at = next;
    }
  } while (result == 4096);
  return entries;
}
