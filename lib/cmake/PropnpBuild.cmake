# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# Compiler settings of this project's own build. A project that adds propnp as a subdirectory keeps
# its own: everything here except the language level is for the top-level build.

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# nvcc has other names for its warnings, and compiles what it has made of the sources.
add_compile_options($<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wall> $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wextra>)
if(PROPNP_WERROR)
  add_compile_options(-Werror$<$<COMPILE_LANGUAGE:CUDA>:=all-warnings>)
endif()

if(PROPNP_SANITIZE)
  list(JOIN PROPNP_SANITIZE "," sanitizers)
  # Instrumented code is not forced inline, see propnp/math/config.h.
  add_compile_definitions(PROPNP_SANITIZED=1)
  # A report must fail the test that caused it, hence no recovery.
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${sanitizers})
endif()
if(PROPNP_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
