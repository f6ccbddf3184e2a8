#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# tidy.sh BUILD_DIR [SECONDS] runs clang-tidy over the files changed since the branch left
# origin/main, or in the last commit when it has not. After SECONDS no further file is begun.
set -euo pipefail
cd "$(dirname "$0")/../.."
build_dir=$1
limit=${2:-180}

skip() {
  echo "SKIPPED: $1"
  exit 77
}

# The release that .clang-tidy was tried with; others know other checks and find other things.
release=14
for candidate in "clang-tidy-$release" clang-tidy; do
  if "$candidate" --version 2>/dev/null | grep -q "version $release\."; then tool=$candidate; fi
done
[ -n "${tool:-}" ] || skip "needs clang-tidy $release"
command -v git >/dev/null || skip "needs git"

# The checkout may belong to another user, as in a container.
git() { command git -c safe.directory='*' "$@"; }
head=$(git rev-parse --verify -q HEAD) || skip "not a git checkout with a commit"
base=$(git merge-base HEAD origin/main 2>/dev/null) || base=$head
if [ "$base" = "$head" ] && git diff --quiet HEAD; then
  base=$(git rev-parse --verify -q HEAD~1) || skip "nothing to compare with"
fi

# A header is checked as part of the source beside it, or of its test.
to_sources() {
  while read -r file; do
    case "$file" in
      *.cc) echo "$file" ;;
      *.h)
        stem=${file%.h}
        for source in "$stem.cc" "${stem/#lib\/propnp/tests}_test.cc"; do
          if [ -f "$source" ]; then echo "$source"; fi
        done
        ;;
    esac
  done
}
in_build() {
  while read -r file; do
    if grep -qF "\"file\": \"$PWD/$file\"" "$build_dir/compile_commands.json"; then
      echo "$file"
    fi
  done
}
mapfile -t sources < <(
  { git diff --name-only --diff-filter=d "$base"; git ls-files --others --exclude-standard; } |
    to_sources | sort -u | in_build
)
[ "${#sources[@]}" -gt 0 ] || skip "no source of this build changed since ${base:0:10}"

# What only GCC knows is an error to clang.
commands=$(mktemp -d)
trap 'rm -rf "$commands"' EXIT
sed -E 's/ -m(move|store)-max=[0-9]+//g' "$build_dir/compile_commands.json" \
  >"$commands/compile_commands.json"

check() {
  if [ "$(date +%s)" -ge "$deadline" ]; then
    echo "not checked for lack of time: $1"
  elif ! "$tool" -p "$commands" --quiet "$1" 2>/dev/null; then
    echo "clang-tidy complains about $1"
    return 1
  fi
}
export -f check
export tool commands
deadline=$(($(date +%s) + limit))
export deadline
echo "clang-tidy over ${#sources[@]} sources changed since ${base:0:10}"
printf '%s\0' "${sources[@]}" | xargs -0 -P "$(nproc)" -I{} bash -c 'check "$1"' _ {}
