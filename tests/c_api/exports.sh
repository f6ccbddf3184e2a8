#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# exports.sh NM LIBRARY checks that the library shows the symbols of exports.txt and of propnp.h,
# and no others.
set -eu
nm=$1
library=$2
here=$(cd "$(dirname "$0")" && pwd)
header=$here/../../lib/propnp/c_api/propnp.h

# The name of the symbols' version is a symbol itself, of type A.
shown=$("$nm" -D --defined-only "$library" | awk '$2 != "A" { sub("@.*", "", $3); print $3 }' | sort)
listed=$(grep -v '^#' "$here/exports.txt" | sort)
declared=$(sed -n 's/^PROPNP_API [^(]*[ *]\(propnp_[a-z_]*\)(.*/\1/p' "$header" | sort)

# same NAME LINES NAME LINES
same() {
  [ "$2" = "$4" ] && return
  echo "only in $1, or only in $3:"
  printf '%s\n%s\n' "$2" "$4" | sort | uniq -u
  exit 1
}
same "the library" "$shown" exports.txt "$listed"
same propnp.h "$declared" exports.txt "$listed"
echo "$(echo "$shown" | wc -l) symbols"
