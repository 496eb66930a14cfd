// Streams of the C library over files.

#include "check.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static long size_of(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void modes(void) {
  FILE *file = fopen("modes.txt", "w");
  CHECK(file);
  CHECK(fputs("one\ntwo\n", file) >= 0);
  CHECK(fgetc(file) == EOF && ferror(file));
  CHECK(fclose(file) == 0);
  CHECK(size_of("modes.txt") == 8);

  CHECK((file = fopen("modes.txt", "r")));
  char line[32];
  CHECK(fgets(line, sizeof line, file) && strcmp(line, "one\n") == 0);
  CHECK(fputs("x", file) == EOF || fflush(file) == EOF);
  CHECK(fclose(file) == 0 || errno == EBADF);

  CHECK((file = fopen("modes.txt", "a+")));
  CHECK(fputs("three\n", file) >= 0);
  CHECK(fseek(file, 0, SEEK_SET) == 0);
  CHECK(fgets(line, sizeof line, file) && strcmp(line, "one\n") == 0);
  CHECK(fseek(file, 0, SEEK_SET) == 0);
  CHECK(fputs("four\n", file) >= 0);
  CHECK(fclose(file) == 0);
  CHECK(size_of("modes.txt") == 19);

  CHECK((file = fopen("modes.txt", "r+")));
  CHECK(fseek(file, 4, SEEK_SET) == 0);
  CHECK(fputs("TWO", file) >= 0);
  CHECK(fseek(file, 4, SEEK_SET) == 0);
  CHECK(fgets(line, sizeof line, file) && strcmp(line, "TWO\n") == 0);
  CHECK(ftell(file) == 8);
  CHECK(fclose(file) == 0);

  CHECK((file = fopen("modes.txt", "w+")));
  CHECK(size_of("modes.txt") == 0);
  CHECK(fclose(file) == 0);
  FAILS(fopen("modes.txt", "wx"), EEXIST);
  FAILS(fopen("none.txt", "r"), ENOENT);
  FAILS(fopen("none.txt", "r+"), ENOENT);
  FAILS(fopen("none/file.txt", "w"), ENOENT);
  FAILS(fopen("modes.txt/x", "w"), ENOTDIR);
  CHECK(remove("modes.txt") == 0);
}

static void formatted(void) {
  FILE *file = fopen("numbers.txt", "w+");
  CHECK(file);
  for (int i = 0; i < 20000; i++) CHECK(fprintf(file, "%d %08x %.3f\n", i, i * 7, i / 8.0) > 0);
  rewind(file);
  for (int i = 0; i < 20000; i++) {
    int n;
    unsigned hex;
    double d;
    CHECK(fscanf(file, "%d %x %lf", &n, &hex, &d) == 3 && n == i && hex == (unsigned)i * 7 && d == i / 8.0);
  }
  CHECK(fgetc(file) == '\n' && fgetc(file) == EOF && feof(file));
  CHECK(fclose(file) == 0);
  CHECK(unlink("numbers.txt") == 0);
}

static void buffering(void) {
  FILE *file = fopen("buffer.bin", "w+");
  CHECK(file);
  CHECK(setvbuf(file, NULL, _IONBF, 0) == 0);
  CHECK(fputc('a', file) == 'a' && size_of("buffer.bin") == 1);
  CHECK(fclose(file) == 0);
  CHECK((file = fopen("buffer.bin", "w+")));
  CHECK(fputc('a', file) == 'a' && size_of("buffer.bin") == 0);
  CHECK(fflush(file) == 0 && size_of("buffer.bin") == 1);
  static char block[100000];
  for (int i = 0; i < (int)sizeof block; i++) block[i] = (char)(i * 31);
  CHECK(fwrite(block, 1, sizeof block, file) == sizeof block);
  CHECK(fseek(file, 1, SEEK_SET) == 0);
  static char back[sizeof block];
  CHECK(fread(back, 1, sizeof back, file) == sizeof back && memcmp(back, block, sizeof block) == 0);
  CHECK(fread(back, 1, 1, file) == 0 && feof(file));
  CHECK(fseek(file, -5, SEEK_END) == 0 && fgetc(file) == (unsigned char)block[sizeof block - 5]);
  CHECK(ungetc('!', file) == '!' && fgetc(file) == '!');
  CHECK(fseek(file, 1000000, SEEK_SET) == 0 && fputc('z', file) == 'z' && fflush(file) == 0);
  CHECK(size_of("buffer.bin") == 1000001);
  FAILS(fseek(file, -1, SEEK_SET), EINVAL);
  CHECK(fclose(file) == 0);
  CHECK(rename("buffer.bin", "moved.bin") == 0 && size_of("moved.bin") == 1000001);
  CHECK(size_of("buffer.bin") == -1);
  CHECK(remove("moved.bin") == 0);
  FAILS(remove("moved.bin"), ENOENT);
}

int main(void) {
  modes();
  formatted();
  buffering();
  return checked();
}
