#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
# killed_output.sh PROPNP MAKE_SAMPLE_DATA: kills the program with SIGKILL at many moments while it
# replaces its output. What is there afterwards is the old folder or the new one, whole.
set -eu
propnp=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$2" "$folder/data"
cd "$folder"

"$propnp" refine data/sparse/0 --sigma 1 -o out >/dev/null
cp -r out old
"$propnp" refine data/sparse/0 --sigma 2 -o new >/dev/null

same_as() {
  diff -r -x summary.json out "$1" >/dev/null 2>&1 && [ -s out/summary.json ]
}

killed=0
for step in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
  rm -rf out && cp -r old out
  "$propnp" refine data/sparse/0 --sigma 2 -o out >/dev/null &
  pid=$!
  sleep "$(awk "BEGIN { print 0.015 * $step }")"
  if kill -9 $pid 2>/dev/null; then killed=$((killed + 1)); fi
  wait $pid 2>/dev/null || true
  if ! same_as old && ! same_as new; then
    echo "step $step: out is neither the old folder nor the new one" >&2
    ls -laR . >&2
    exit 1
  fi
done
[ "$killed" -gt 0 ] || { echo "no run was killed" >&2; exit 1; }

# The next run sweeps up what the killed ones left.
"$propnp" refine data/sparse/0 --sigma 2 -o out >/dev/null
same_as new
[ -z "$(find . -maxdepth 1 -name '.out.*')" ]
echo "killed $killed runs"
