#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
# memory.sh PROPNP PROBLEM LIMIT_KB: the peak memory of `refine` with everything it writes. Exit code
# 77, a skip, where the problem or python3, which measures, is not there.
set -eu
[ -f "$2" ] || { echo "skipped: needs $2"; exit 77; }
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
peak=$(python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
  "$1" refine "$2" --loss none --sigma 1 -o "$folder/out")
echo "peak memory $peak kB, allowed $3 kB"
[ "$peak" -lt "$3" ]
