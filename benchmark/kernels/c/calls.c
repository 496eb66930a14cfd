// Functions that do nothing, and loops that call imports that do nothing: the cost of crossing the border.
#include "kernel.h"

IMPORT("i32") int32_t host_i32(int32_t, int32_t);
IMPORT("f64") double host_f64(double, double, double, double);
IMPORT("i64") int64_t host_i64(int64_t);
IMPORT("ref") __externref_t host_ref(__externref_t);
IMPORT("none") void host_none(void);

EXPORT("i32") int32_t i32(int32_t a, int32_t b) { return a + b; }
EXPORT("f64") double f64(double a, double b, double c, double d) { return a + b + c + d; }
EXPORT("i64") int64_t i64(int64_t a) { return a + 1; }
EXPORT("ref") __externref_t ref(__externref_t a) { return a; }
EXPORT("none") void none(void) {}

EXPORT("loop_i32") int32_t loop_i32(int32_t n) {
  int32_t x = 0;
  for (int32_t i = 0; i < n; i++) x = host_i32(x, i);
  return x;
}
EXPORT("loop_f64") double loop_f64(int32_t n) {
  double x = 0;
  for (int32_t i = 0; i < n; i++) x = host_f64(x, 1, 0.5, 0.25);
  return x;
}
EXPORT("loop_i64") int64_t loop_i64(int32_t n) {
  int64_t x = 0;
  for (int32_t i = 0; i < n; i++) x = host_i64(x);
  return x;
}
EXPORT("loop_ref") __externref_t loop_ref(__externref_t x, int32_t n) {
  for (int32_t i = 0; i < n; i++) x = host_ref(x);
  return x;
}
EXPORT("loop_none") void loop_none(int32_t n) {
  for (int32_t i = 0; i < n; i++) host_none();
}
