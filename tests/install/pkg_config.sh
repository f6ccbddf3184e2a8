#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# pkg_config.sh PKG_CONFIG CXX CC LIBDIR WORK_DIR
#
# Builds and runs programs against an installed propnp, in C++ and in C, with what pkg-config says and nothing else.
set -eu
pkg_config=$1
cxx=$2
cc=$3
libdir=$4
work_dir=$5
cd "$(dirname "$0")"

export PKG_CONFIG_PATH="$libdir/pkgconfig"
flags=$("$pkg_config" --cflags propnp)
libs=$("$pkg_config" --libs propnp)
echo "propnp $("$pkg_config" --modversion propnp): $flags $libs"
"$cxx" -std=c++17 -Wall -Wextra -Werror $flags pkg_config_consumer.cc $libs \
  -o "$work_dir/pkg_config_consumer"
LD_LIBRARY_PATH="$libdir" "$work_dir/pkg_config_consumer"

flags=$("$pkg_config" --cflags propnp_c)
libs=$("$pkg_config" --libs propnp_c)
echo "propnp_c $("$pkg_config" --modversion propnp_c): $flags $libs"
"$cc" -std=c99 -pedantic -Wall -Wextra -Werror $flags consumer/solve_from_c.c $libs -lm \
  -o "$work_dir/pkg_config_c_consumer"
LD_LIBRARY_PATH="$libdir" "$work_dir/pkg_config_c_consumer"
