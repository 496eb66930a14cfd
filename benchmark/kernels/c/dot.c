// The dot product of two float vectors with 128-bit SIMD, four accumulators wide.
#include "kernel.h"
#include <wasm_simd128.h>

#define N 16384
static float a[N] __attribute__((aligned(16))), b[N] __attribute__((aligned(16)));

static float dot(void) {
  v128_t s0 = wasm_f32x4_splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (int i = 0; i < N; i += 16) {
    s0 = wasm_f32x4_add(s0, wasm_f32x4_mul(wasm_v128_load(a + i), wasm_v128_load(b + i)));
    s1 = wasm_f32x4_add(s1, wasm_f32x4_mul(wasm_v128_load(a + i + 4), wasm_v128_load(b + i + 4)));
    s2 = wasm_f32x4_add(s2, wasm_f32x4_mul(wasm_v128_load(a + i + 8), wasm_v128_load(b + i + 8)));
    s3 = wasm_f32x4_add(s3, wasm_f32x4_mul(wasm_v128_load(a + i + 12), wasm_v128_load(b + i + 12)));
  }
  v128_t s = wasm_f32x4_add(wasm_f32x4_add(s0, s1), wasm_f32x4_add(s2, s3));
  return wasm_f32x4_extract_lane(s, 0) + wasm_f32x4_extract_lane(s, 1) + wasm_f32x4_extract_lane(s, 2) +
         wasm_f32x4_extract_lane(s, 3);
}

EXPORT("run") double run(int32_t rounds) {
  for (int i = 0; i < N; i++) a[i] = (float)(i % 13) - 6.0f, b[i] = (float)(i % 7) / 4.0f;
  double sum = 0;
  for (int r = 0; r < rounds; r++) {
    sum += dot();
    a[r % N] += 0.5f;
  }
  return sum;
}
