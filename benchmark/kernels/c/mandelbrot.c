// The Mandelbrot set: a loop of floating point operations that all depend on each other.
#include "kernel.h"

EXPORT("run") int32_t run(int32_t size) {
  int32_t total = 0;
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++) {
      double cr = 3.0 * x / size - 2.0, ci = 2.0 * y / size - 1.0;
      double zr = 0, zi = 0;
      int n = 0;
      while (n < 200) {
        double r2 = zr * zr, i2 = zi * zi;
        if (r2 + i2 > 4.0) break;
        zi = 2 * zr * zi + ci;
        zr = r2 - i2 + cr;
        n++;
      }
      total += n;
    }
  return total;
}
