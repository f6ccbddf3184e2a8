#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# pkg_config.sh PKG_CONFIG CXX LIBDIR WORK_DIR
#
# Builds and runs a program against an installed propnp with what pkg-config says and nothing else.
set -eu
pkg_config=$1
cxx=$2
libdir=$3
work_dir=$4
cd "$(dirname "$0")"

export PKG_CONFIG_PATH="$libdir/pkgconfig"
flags=$("$pkg_config" --cflags propnp)
libs=$("$pkg_config" --libs propnp)
echo "propnp $("$pkg_config" --modversion propnp): $flags $libs"
"$cxx" -std=c++17 -Wall -Wextra -Werror $flags pkg_config_consumer.cc $libs \
  -o "$work_dir/pkg_config_consumer"
LD_LIBRARY_PATH="$libdir" "$work_dir/pkg_config_consumer"
