#!/bin/sh
# Builds the committed modules with Debian's compilers:
# apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32 wabt rustc libstd-rust-dev-wasm32
set -e
cd "$(dirname "$0")"
plain="clang --target=wasm32 -nostdlib -Wl,--no-entry -O2"
$plain -mbulk-memory -fno-builtin -o kernels.wasm kernels.c
$plain -msimd128 -o vectors.wasm vectors.c
clang --target=wasm32-wasi -mexec-model=reactor -O2 -Wl,-s -o libc.wasm libc.c -lm
/usr/bin/rustc --target wasm32-unknown-unknown --crate-type cdylib -O -C panic=abort -C strip=symbols -o collections.wasm collections.rs
for f in *.wat; do wat2wasm --debug-names -o "${f%.wat}.wasm" "$f"; done
