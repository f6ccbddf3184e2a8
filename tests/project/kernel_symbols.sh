#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# kernel_symbols.sh ISA OBJECT...
#
# Of several definitions of an inline function the linker keeps any one. If a kernel built for
# AVX-512 emitted, say, std::max<double>, all of the program might get that copy, and die of an
# illegal instruction on a machine without AVX-512. So whatever a kernel object shares by name with
# other objects must have the name of its instruction set in it (DW.ref.* are plain data).
set -eu
isa=$1
shift
case "$isa" in
  avx2) own='avx2|N_AVX2' ;;
  avx512) own='avx512|N_AVX3' ;;
esac
shared=$(nm --defined-only "$@" |
  awk -v own="$own" '$2 ~ /^[WVu]$/ && $3 !~ /^DW\.ref\./ && $3 !~ own { print $3 }' | sort -u)
if [ -n "$shared" ]; then
  echo "objects built for $isa define these for the whole program:"
  echo "$shared" | c++filt
  exit 1
fi
