#!/usr/bin/env bash
# Builds wasm/*.wasm from c/*.c. The results are checked in; this is needed only after a change of a source.
# Needs zig, for example: pip install ziglang==0.17.1
set -euo pipefail
cd "$(dirname "$0")"

zig=(zig)
command -v zig >/dev/null || zig=(python3 -m ziglang)

for source in c/*.c; do
  name=$(basename "$source" .c)
  features=(-mcpu=mvp+bulk_memory+sign_ext+nontrapping_fptoint+mutable_globals)
  case $name in
    dot) features=(-mcpu=mvp+bulk_memory+sign_ext+nontrapping_fptoint+mutable_globals+simd128) ;;
    calls) features=(-mcpu=mvp+bulk_memory+sign_ext+reference_types) ;;
  esac
  "${zig[@]}" cc -target wasm32-freestanding "${features[@]}" -O3 -ffreestanding -nostdlib -fno-sanitize=all \
    -Wl,--no-entry -Wl,--strip-all -o "wasm/$name.wasm" "$source"
  echo "wasm/$name.wasm $(wc -c <"wasm/$name.wasm") bytes"
done
