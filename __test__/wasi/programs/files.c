// Files by descriptor.

#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void positions(void) {
  int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0666);
  CHECK(fd > 2);
  char buffer[64];
  CHECK(write(fd, "0123456789", 10) == 10);
  CHECK(lseek(fd, 0, SEEK_CUR) == 10);
  CHECK(lseek(fd, -3, SEEK_END) == 7 && read(fd, buffer, 64) == 3 && memcmp(buffer, "789", 3) == 0);
  CHECK(read(fd, buffer, 64) == 0);
  CHECK(pread(fd, buffer, 4, 2) == 4 && memcmp(buffer, "2345", 4) == 0);
  CHECK(pwrite(fd, "xy", 2, 1) == 2 && lseek(fd, 0, SEEK_CUR) == 10);
  FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
  FAILS(lseek(fd, 0, 99), EINVAL);
  struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
  CHECK(writev(fd, out, 3) == 5);
  char one[4], two[8];
  struct iovec in[2] = {{one, 4}, {two, 8}};
  CHECK(preadv(fd, in, 2, 8) == 7 && memcmp(one, "89ab", 4) == 0 && memcmp(two, "cde", 3) == 0);
  CHECK(ftruncate(fd, 5) == 0 && lseek(fd, 0, SEEK_END) == 5);
  CHECK(ftruncate(fd, 100) == 0 && pread(fd, buffer, 64, 90) == 10 && buffer[0] == 0);
  CHECK(posix_fallocate(fd, 90, 30) == 0 && lseek(fd, 0, SEEK_END) == 120);
  CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL) == 0);
  CHECK(fsync(fd) == 0 && fdatasync(fd) == 0);
  CHECK(close(fd) == 0);
  FAILS(close(fd), EBADF);
  FAILS(read(fd, buffer, 1), EBADF);
}

static void flags(void) {
  char buffer[64];
  FAILS(open("file", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);
  FAILS(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
  FAILS(open("none", O_RDONLY), ENOENT);
  FAILS(open("file/", O_RDONLY), ENOTDIR);
  FAILS(open(".", O_RDWR), EISDIR);
  int reading = open("file", O_RDONLY), writing = open("file", O_WRONLY | O_TRUNC);
  CHECK(reading > 2 && writing > 2);
  CHECK(write(reading, "x", 1) == -1 && (errno == EBADF || errno == ENOTCAPABLE));
  CHECK(read(writing, buffer, 1) == -1 && (errno == EBADF || errno == ENOTCAPABLE));
  CHECK(write(writing, "seen", 4) == 4 && read(reading, buffer, 64) == 4);
  CHECK((fcntl(reading, F_GETFL) & O_ACCMODE) == O_RDONLY);
  CHECK((fcntl(writing, F_GETFL) & O_ACCMODE) == O_WRONLY);
  close(reading);
  close(writing);

  int fd = open("file", O_RDWR | O_APPEND);
  CHECK(write(fd, "+1", 2) == 2 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "+2", 2) == 2);
  CHECK(pread(fd, buffer, 64, 0) == 8 && memcmp(buffer, "seen+1+2", 8) == 0);
  CHECK(pwrite(fd, "S", 1, 0) == 1 && pread(fd, buffer, 64, 0) == 8 && buffer[0] == 'S');
  CHECK(fcntl(fd, F_GETFL) & O_APPEND);
  CHECK(fcntl(fd, F_SETFL, 0) == 0 && !(fcntl(fd, F_GETFL) & O_APPEND));
  CHECK(lseek(fd, 0, SEEK_SET) == 0 && write(fd, "R", 1) == 1 && lseek(fd, 0, SEEK_END) == 8);
  CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_GETFL) & O_NONBLOCK);
  close(fd);
}

static void attributes(void) {
  struct stat a, b;
  CHECK(stat("file", &a) == 0 && S_ISREG(a.st_mode) && a.st_size == 8 && a.st_nlink == 1);
  int fd = open("file", O_RDWR);
  CHECK(fstat(fd, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev);
  struct timespec times[2] = {{1000, 5}, {2000, 7}};
  CHECK(futimens(fd, times) == 0 && fstat(fd, &b) == 0);
  CHECK(b.st_atim.tv_sec == 1000 && b.st_mtim.tv_sec == 2000);
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = 3000;
  CHECK(utimensat(AT_FDCWD, "file", times, 0) == 0 && stat("file", &b) == 0);
  CHECK(b.st_atim.tv_sec == 1000 && b.st_mtim.tv_sec == 3000);
  FAILS(stat("none", &b), ENOENT);
  FAILS(stat("file/", &b), ENOTDIR);
  CHECK(!isatty(fd));
  FAILS(fstat(99, &b), EBADF);
  struct pollfd polled[2] = {{fd, POLLRDNORM, 0}, {fd, POLLWRNORM, 0}};
  CHECK(poll(polled, 2, 1000) == 2 && polled[0].revents & POLLRDNORM && polled[1].revents & POLLWRNORM);
  CHECK(unlink("file") == 0 && fstat(fd, &b) == 0);
  char buffer[8];
  CHECK(pread(fd, buffer, 8, 0) == 8);
  close(fd);
}

int main(void) {
  positions();
  flags();
  attributes();
  return checked();
}
