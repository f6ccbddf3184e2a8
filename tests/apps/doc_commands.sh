#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
# doc_commands.sh PAGE PROPNP MAKE_SAMPLE_DATA: runs every ```sh block of a Markdown page, in its order,
# in one folder that holds the sample data under the names that the page uses.
set -eu
page=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
ln -s "$2" "$folder/bin/propnp"
"$3" "$folder/work"
PATH=$folder/bin:$PATH
export PATH
cd "$folder/work"

awk -v out="$folder/block" '
  /^```sh$/ { inside = 1; file = sprintf("%s%03d.sh", out, ++n); print "set -eu" > file; next }
  /^```$/ { if (inside) close(file); inside = 0; next }
  inside { print >> file }' "$page"

count=0
for block in "$folder"/block*.sh; do
  [ -f "$block" ] || { echo "$page has no sh block" >&2; exit 1; }
  if ! sh "$block" >"$folder/log" 2>&1; then
    echo "this block of $page failed:" >&2
    cat "$block" "$folder/log" >&2
    exit 1
  fi
  count=$((count + 1))
done
echo "ran $count blocks of $page"
