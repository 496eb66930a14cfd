// Arguments, environment, time, random bytes, standard streams.

#include "check.h"
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  CHECK(argc == 3 && strcmp(argv[1], "first") == 0 && strcmp(argv[2], "the second") == 0);
  CHECK(strcmp(getenv("GREETING"), "hello = world") == 0 && !getenv("HOME"));

  struct timespec before, after, pause = {0, 30 * 1000 * 1000}, resolution;
  CHECK(clock_gettime(CLOCK_REALTIME, &before) == 0 && before.tv_sec > 1700000000);
  CHECK(clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 && resolution.tv_nsec > 0);
  CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
  CHECK(nanosleep(&pause, NULL) == 0);
  CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
  long long passed = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
  CHECK(passed >= 30 * 1000 * 1000);
  CHECK(poll(NULL, 0, 5) == 0 || errno == ENOTSUP);
  CHECK(sched_yield() == 0);

  unsigned char one[64] = {0}, two[64] = {0};
  CHECK(getentropy(one, 64) == 0 && getentropy(two, 64) == 0 && memcmp(one, two, 64) != 0);

  char line[64];
  CHECK(fgets(line, sizeof line, stdin) && strcmp(line, "from outside\n") == 0);
  CHECK(fgets(line, sizeof line, stdin) == NULL && feof(stdin));
  CHECK(fputs("to stderr\n", stderr) >= 0);
  CHECK(write(99, "x", 1) == -1 && errno == EBADF);
  checked();
  exit(failures ? 1 : 42);
}
