#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# rust.sh LIBDIR WORK_DIR compiles the example in Rust against libpropnp_c.so and runs it.
set -eu
libdir=$1
work_dir=$2
cd "$(dirname "$0")"

if ! command -v rustc >/dev/null; then
  echo "SKIPPED: needs rustc"
  exit 77
fi
rustc --version
rustc --edition 2021 -O -D warnings -A dead_code refine_pose.rs -L "$libdir" -l propnp_c -o "$work_dir/refine_pose"
LD_LIBRARY_PATH="$libdir" "$work_dir/refine_pose"
