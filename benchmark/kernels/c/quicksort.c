// Quicksort of 100,000 integers: recursion and branches that cannot be predicted.
#include "kernel.h"

#define N 100000
static int32_t values[N];

static void sort(int32_t *v, int lo, int hi) {
  while (lo < hi) {
    int32_t pivot = v[lo + (hi - lo) / 2];
    int i = lo, j = hi;
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i <= j) {
        int32_t t = v[i];
        v[i++] = v[j];
        v[j--] = t;
      }
    }
    // The smaller half by recursion, the larger by the loop: the stack stays logarithmic.
    if (j - lo < hi - i) {
      sort(v, lo, j);
      lo = i;
    } else {
      sort(v, i, hi);
      hi = j;
    }
  }
}

EXPORT("run") int32_t run(int32_t rounds) {
  int32_t sum = 0;
  random_state = 7;
  for (int r = 0; r < rounds; r++) {
    for (int i = 0; i < N; i++) values[i] = (int32_t)next_random();
    sort(values, 0, N - 1);
    for (int i = 0; i < N; i += 1000) sum = sum * 31 + values[i];
  }
  return sum;
}
