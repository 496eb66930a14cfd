// Matrix multiplication in double precision, 160 x 160: nested loops over linear memory.
#include "kernel.h"

#define N 160
static double a[N][N], b[N][N], c[N][N];

EXPORT("run") double run(int32_t rounds) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (double)((i * 7 + j * 3) % 11) - 5.0;
      b[i][j] = (double)((i * 5 + j * 13) % 17) / 8.0;
    }
  double sum = 0;
  for (int r = 0; r < rounds; r++) {
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        double dot = 0;
        for (int k = 0; k < N; k++) dot += a[i][k] * b[k][j];
        c[i][j] = dot;
      }
    a[r % N][(r * 31) % N] = c[(r * 17) % N][r % N] / 1024.0;
    sum += c[(r * 3) % N][(r * 7) % N];
  }
  return sum;
}
