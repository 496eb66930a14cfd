#!/usr/bin/env bash
# Builds lz4.wasm, which is checked in. Needs clang with the C library for WASI, for example
# apt install clang lld wasi-libc libclang-rt-dev-wasm32; zig cc takes the same flags.
set -euo pipefail
cd "$(dirname "$0")"
clang --target=wasm32-wasi -O3 -mexec-model=reactor -msimd128 -mbulk-memory -DNDEBUG \
  -Wl,--strip-all,--export=malloc,--export=free -o lz4.wasm binding.c vendor/lz4.c
echo "lz4.wasm $(wc -c <lz4.wasm) bytes"
