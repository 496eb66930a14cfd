// Fibonacci numbers by recursion: the cost of a call.
#include "kernel.h"

__attribute__((noinline)) static int32_t fib(int32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

EXPORT("run") int32_t run(int32_t n) { return fib(n); }
