#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# no_spills_finds.sh NO_SPILLS PRINT_RESOURCES shows that the check fails where it should: on a
# spill of a float32 kernel, and when there is none of them to look at.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A kernel K<T> as ptxas reports it, of type $1 (mangled) and with $2 bytes spilled.
report() {
  cat >"$folder/k.ptxas" <<END
ptxas info    : Compiling entry function '_Z1KI$1EvT_' for 'sm_90'
    16 bytes stack frame, $2 bytes spill stores, $2 bytes spill loads
ptxas info    : Used 255 registers, used 0 barriers, 16 bytes cumulative stack size
END
}

report f 0
"$1" "$2" "$folder"
report f 8
if "$1" "$2" "$folder"; then exit 1; fi
report d 0
if "$1" "$2" "$folder"; then exit 1; fi
