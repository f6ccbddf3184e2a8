#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# abidiff.sh CC WORK_DIR [--update] compares the types and functions of propnp.h with those of the
# last baseline, abi_1.xml, as a compiler sees them, and shows every difference. Of fields appended
# to structs and of new functions --update makes the baseline; layout_1_0.txt, which is for ever,
# tells whether they are no more than that.
set -eu
cc=$1
work_dir=$2
update=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
lib=$here/../../lib

for tool in abidiff abidw; do
  if ! command -v "$tool" >/dev/null; then
    echo "SKIPPED: needs $tool (Debian: abigail-tools)"
    exit 77
  fi
done

# A library of empty functions has the header's types without those behind it.
mkdir -p "$work_dir"
{
  echo '#include "propnp/c_api/propnp.h"'
  awk '/^PROPNP_API/ { inside = 1 }
       inside { print; if (/;/) inside = 0 }' "$lib/propnp/c_api/propnp.h" |
    sed 's/;.*/ { for (;;) {} }/'
} >"$work_dir/abi.c"
cd "$work_dir"
"$cc" -std=c99 -g -O0 -w -fPIC -shared -Wl,-soname,libpropnp_c.so.1 -I"$lib" abi.c \
  -o libpropnp_c.so.1

if [ "$update" = --update ]; then
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$here/abi_1.xml" \
    libpropnp_c.so.1
  exit
fi
abidiff --no-show-locs "$here/abi_1.xml" libpropnp_c.so.1
echo "as the baseline has it"
