// What JavaScript calls. Buffers are made with malloc, which the C library exports.

#include "vendor/lz4.h"

#define EXPORT(name) __attribute__((export_name(name)))

EXPORT("compress_bound") int compress_bound(int size) { return LZ4_compressBound(size); }

// Bytes written, or 0 if the target is too small.
EXPORT("compress") int compress(const char *source, char *target, int size, int capacity) {
  return LZ4_compress_default(source, target, size, capacity);
}

// Bytes written, or a negative number if the source is damaged.
EXPORT("decompress") int decompress(const char *source, char *target, int size, int capacity) {
  return LZ4_decompress_safe(source, target, size, capacity);
}
