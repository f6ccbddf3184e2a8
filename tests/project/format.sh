#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# format.sh [--fix] checks that clang-format would change no C++ or CUDA file, or lets it.
set -eu
cd "$(dirname "$0")/../.."

# Two releases of clang-format seldom agree on every line, so one is the judge.
release=14
for candidate in "clang-format-$release" clang-format; do
  if "$candidate" --version 2>/dev/null | grep -q "version $release\."; then tool=$candidate; fi
done
if [ -z "${tool:-}" ]; then
  echo "SKIPPED: needs clang-format $release"
  exit 77
fi

sources() {
  for folder in lib apps benchmarks cuda_sampler python_bindings tests; do
    if [ -d "$folder" ]; then
      find "$folder" -name '*.h' -o -name '*.cc' -o -name '*.c' -o -name '*.cu' -o -name '*.cuh'
    fi
  done
}

if [ "${1:-}" = --fix ]; then
  sources | xargs "$tool" --style=file -i
  exit
fi
wrong=$(sources | while read -r file; do
  "$tool" --style=file --dry-run --Werror "$file" 2>/dev/null || echo "$file"
done)
if [ -n "$wrong" ]; then
  echo "not as clang-format writes it (tests/project/format.sh --fix):"
  echo "$wrong"
  exit 1
fi
