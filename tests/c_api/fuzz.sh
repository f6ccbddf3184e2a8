#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# fuzz.sh [SECONDS] builds the fuzzer of the C ABI (preset `fuzz`, clang), lets it look for SECONDS
# (600) from the corpus on, and folds what it found new into the corpus. What breaks a promise lies
# in build/fuzz/found.
set -eu
seconds=${1:-600}
cd "$(dirname "$0")/../.."

cmake --preset fuzz --log-level=WARNING
cmake --build --preset fuzz -j 2
fuzz=$PWD/build/fuzz/tests/c_api/propnp_c_api_fuzz
replay=$PWD/build/fuzz/tests/c_api/propnp_c_api_replay
corpus=$PWD/tests/c_api/fuzz_corpus.txt
cd build/fuzz
rm -rf seeds cover first
mkdir -p seeds cover first found
"$replay" --unpack "$corpus" seeds
"$fuzz" -fork=1 -max_total_time="$seconds" -max_len=768 -timeout=20 -artifact_prefix="$PWD/found/" \
  seeds
# Few inputs that cover the same code, those that cover the most first.
"$fuzz" -set_cover_merge=1 -use_counters=0 cover seeds
ls -tr cover | head -n 300 | while read -r name; do cp "cover/$name" first/; done
# What once broke a promise stays: the last three lines, and whatever is added below them.
tail -n +301 "$corpus" >regressions
"$replay" --pack first "$corpus"
cat regressions >>"$corpus"
