// Directories, links, renaming.

#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void touch(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT, 0666);
  CHECK(fd > 2);
  close(fd);
}

static int kind(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 ? (int)(st.st_mode & S_IFMT) : 0;
}

static void entries(void) {
  CHECK(mkdir("dir", 0777) == 0);
  FAILS(mkdir("dir", 0777), EEXIST);
  FAILS(mkdir("none/dir", 0777), ENOENT);
  char name[64];
  for (int i = 0; i < 500; i++) {
    snprintf(name, sizeof name, "dir/entry-with-a-longer-name-%d", i);
    touch(name);
  }
  CHECK(mkdir("dir/sub", 0777) == 0);
  static char seen[500];
  int others = 0, subs = 0;
  DIR *dir = opendir("dir");
  CHECK(dir);
  struct dirent *entry;
  while ((entry = readdir(dir))) {
    int number;
    if (sscanf(entry->d_name, "entry-with-a-longer-name-%d", &number) == 1) {
      CHECK(entry->d_type == DT_REG && number >= 0 && number < 500 && !seen[number]++);
    } else if (strcmp(entry->d_name, "sub") == 0) {
      CHECK(entry->d_type == DT_DIR);
      subs++;
    } else {
      CHECK(strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
      others++;
    }
  }
  CHECK(subs == 1 && others == 2);
  rewinddir(dir);
  int count = 0;
  while ((entry = readdir(dir))) {
    if (entry->d_type == DT_REG) {
      snprintf(name, sizeof name, "dir/%s", entry->d_name);
      CHECK(unlink(name) == 0);
      count++;
    }
  }
  CHECK(count == 500);
  CHECK(closedir(dir) == 0);
  FAILS(rmdir("dir"), ENOTEMPTY);
  CHECK(rmdir("dir/sub/") == 0 && rmdir("dir") == 0);
  FAILS(opendir("dir"), ENOENT);
  touch("file");
  FAILS(opendir("file"), ENOTDIR);
  FAILS(rmdir("file"), ENOTDIR);
  CHECK(unlink("file") == 0);
}

static void links(void) {
  char buffer[64];
  struct stat st;
  touch("file");
  CHECK(symlink("file", "link") == 0 && kind("link") == S_IFLNK);
  CHECK(readlink("link", buffer, sizeof buffer) == 4 && memcmp(buffer, "file", 4) == 0);
  CHECK(stat("link", &st) == 0 && S_ISREG(st.st_mode));
  FAILS(symlink("file", "link"), EEXIST);
  FAILS(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
  FAILS(readlink("file", buffer, sizeof buffer), EINVAL);
  CHECK(link("file", "hard") == 0 && stat("hard", &st) == 0 && st.st_nlink == 2);
  FAILS(link("file", "hard"), EEXIST);
  CHECK(symlink("loop", "loop") == 0);
  FAILS(open("loop", O_RDONLY), ELOOP);
  CHECK(symlink("../../../etc/passwd", "out") == 0);
  CHECK(open("out", O_RDONLY) == -1);
  CHECK(open("../outside", O_RDONLY | O_CREAT, 0666) == -1);
  CHECK(unlink("link") == 0 && unlink("hard") == 0 && unlink("loop") == 0 && unlink("out") == 0);
  CHECK(kind("file") == S_IFREG && unlink("file") == 0);
}

static void renaming(void) {
  touch("a");
  CHECK(mkdir("d", 0777) == 0 && mkdir("e", 0777) == 0);
  CHECK(rename("a", "d/b") == 0 && kind("a") == 0 && kind("d/b") == S_IFREG);
  FAILS(rename("a", "b"), ENOENT);
  FAILS(rename("d/b", "e"), EISDIR);
  FAILS(rename("e", "d/b"), ENOTDIR);
  FAILS(rename("e", "d"), ENOTEMPTY);
  FAILS(rename("d", "d/inside"), EINVAL);
  CHECK(rename("d", "e") == 0 && kind("e/b") == S_IFREG && kind("d") == 0);
  touch("other");
  CHECK(rename("other", "e/b") == 0 && kind("other") == 0);
  int fd = open("e", O_RDONLY | O_DIRECTORY);
  CHECK(fd > 2);
  CHECK(renameat(fd, "b", fd, "c") == 0 && faccessat(fd, "c", F_OK, 0) == 0);
  CHECK(mkdirat(fd, "sub", 0777) == 0 && openat(fd, "sub/new", O_WRONLY | O_CREAT, 0666) > 2);
  CHECK(unlinkat(fd, "sub/new", 0) == 0 && unlinkat(fd, "sub", AT_REMOVEDIR) == 0);
  CHECK(unlinkat(fd, "c", 0) == 0);
  close(fd);
  FAILS(unlink("e"), EISDIR);
  CHECK(rmdir("e") == 0);
}

int main(void) {
  entries();
  links();
  renaming();
  return checked();
}
