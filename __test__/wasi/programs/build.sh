#!/usr/bin/env bash
# Builds *.wasm from *.c. The results are checked in; this is needed only after a change of a source.
# Needs clang with the C library for WASI, for example: apt install clang lld wasi-libc libclang-rt-dev-wasm32
set -euo pipefail
cd "$(dirname "$0")"
for source in *.c; do
  name=$(basename "$source" .c)
  clang --target=wasm32-wasi -Os -Wall -Wextra -Wl,--strip-all -o "$name.wasm" "$source"
  echo "$name.wasm $(wc -c <"$name.wasm") bytes"
done
