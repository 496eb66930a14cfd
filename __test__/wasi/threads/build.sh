#!/usr/bin/env bash
# Builds zig.wasm from threads.zig. The result is checked in; this is needed only after a change of the source.
# Made with Zig 0.14.1 (pip: ziglang==0.14.1).
set -euo pipefail
cd "$(dirname "$0")"
zig build-exe threads.zig -target wasm32-wasi -mcpu=generic+atomics+bulk_memory -O ReleaseSmall -fno-single-threaded -fstrip \
  --import-memory --export-memory --shared-memory --initial-memory=33554432 --max-memory=268435456 --export=wasi_thread_start -femit-bin=zig.wasm
rm zig.wasm.o
