// CHECK(condition) counts, and says what failed and why. A program ends with `return checked();`.

#pragma once
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int checks, failures;

#define CHECK(condition)                                                                  \
  do {                                                                                    \
    errno = 0;                                                                            \
    checks++;                                                                             \
    if (!(condition)) {                                                                   \
      failures++;                                                                         \
      printf("line %d: %s (errno: %s)\n", __LINE__, #condition, strerror(errno));         \
    }                                                                                     \
  } while (0)

/** The call gives -1 (or NULL) with this errno. */
#define FAILS(call, code) CHECK((long)(call) <= 0 && errno == (code))

static int checked(void) {
  printf("%d checks, %d failures\n", checks, failures);
  return failures != 0;
}
