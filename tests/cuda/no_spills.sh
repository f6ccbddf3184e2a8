#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# no_spills.sh PRINT_RESOURCES FOLDER fails if a kernel for float32 that was compiled in the folder
# keeps registers in memory. Exit code 77 is a skip.
set -eu

if [ -z "$(find "$2" -name '*.ptxas' 2>/dev/null | head -n 1)" ]; then
  echo "SKIPPED: no kernel was compiled here, there is no nvcc"
  exit 77
fi
"$1" "$2" | awk '
  NR == 1 { print }
  /float>/ { ++kernels }
  /float>/ && $4 + $5 > 0 { print; ++spilling }
  END {
    printf "%d of %d float32 kernels spill\n", spilling, kernels
    exit spilling > 0 || kernels == 0
  }'
