// memory.copy and memory.fill of sizes from a few bytes to a page.
#include "kernel.h"

#define SIZE 262144
static uint8_t from[SIZE], to[SIZE];

EXPORT("run") int32_t run(int32_t rounds) {
  random_state = 5;
  for (int i = 0; i < SIZE; i++) from[i] = (uint8_t)next_random();
  int32_t sum = 0;
  for (int r = 0; r < rounds; r++)
    for (int size = 16; size <= 65536; size *= 4) {
      uint32_t at = next_random() % (SIZE - 65536);
      __builtin_memcpy(to + at, from + at / 2, (size_t)size);
      __builtin_memset(to + at / 3, r & 255, (size_t)size / 2);
      sum = sum * 31 + to[at + (uint32_t)size - 1] + to[at / 3];
    }
  return sum;
}
