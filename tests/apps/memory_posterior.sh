#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
# memory_posterior.sh PROPNP MAKE_SAMPLE_DATA LIMIT_KB: the peak memory of `posterior --save-samples` on
# 3000 objects, whose samples take 197 MB. Exit code 77, a skip, where python3, which measures, is not
# there.
set -eu
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$2" "$folder/data"
awk '{ for (i = 0; i < 3000; ++i) { line = $0; sub(/"id":"square"/, "\"id\":\"square " i "\"", line); print line } }' \
  "$folder/data/square.jsonl" >"$folder/squares.jsonl"
[ "$(sort -u "$folder/squares.jsonl" | wc -l)" -eq 3000 ]
peak=$(python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
  "$1" posterior "$folder/squares.jsonl" --sigma 0.4 --samples 1024 --overlays 0 --threads 2 \
  --save-samples -o "$folder/out")
[ "$(wc -c <"$folder/out/samples.npz")" -gt 197000000 ]
echo "peak memory $peak kB, allowed $3 kB"
[ "$peak" -lt "$3" ]
