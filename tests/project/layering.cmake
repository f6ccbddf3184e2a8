# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
#
# cmake -DROOT=checkout -P layering.cmake
#
# Checks who may include what: the layers of the library stand on each other in one direction, and
# each dependency is met in the layers that are meant to have it. Standard headers are free to all
# but the mathematics, which allocates nothing and prints nothing.

set(posix [[(dlfcn|fcntl|glob|pthread|signal|termios|unistd|sys/[a-z]+)\.h]])
set(c_header [[(assert|errno|float|limits|math|stdbool|stddef|stdint|stdio|stdlib|string)\.h]])
set(std_header [[[a-z0-9_]+]])
set(free "${c_header}|${std_header}|propnp/(compiler|version)\\.h")

# What a file of each layer may include besides files of its own layer.
set(math_may [[algorithm|array|cmath|cstddef|cstdint|cstring|limits|tuple|type_traits|utility]])
set(engine_may "${free}|${posix}|hwy/.*|propnp/math/.*")
set(c_api_may "${free}|${posix}|propnp/engine/.*")
# The view types are plain structs that everybody shares; the operations of the engine are neither for
# the Ceres plugin nor for readers and writers.
set(ceres_may "${free}|ceres/.*|Eigen/.*|glog/.*|propnp/math/.*|propnp/engine/views\\.h")
set(io_may "${free}|${posix}|nlohmann/.*|Eigen/.*|propnp/engine/(views|status)\\.h")
set(cuda_sampler_may
  "${free}|cuda[a-z_]*\\.h|cooperative_groups(/.*)?|propnp/math/.*|propnp/engine/.*")
set(apps_may
  "${free}|${posix}|ceres/.*|Eigen/.*|glog/.*|opencv2/.*|CLI/.*|nlohmann/.*|propnp/(ceres|engine|io)/.*")
set(python_bindings_may "${free}|propnp/c_api/propnp\\.h|propnp\\.h")

set(math_is lib/propnp/math)
set(engine_is lib/propnp/engine)
set(c_api_is lib/propnp/c_api)
set(ceres_is lib/propnp/ceres)
set(io_is lib/propnp/io)
set(cuda_sampler_is cuda_sampler)
set(apps_is apps)
set(python_bindings_is python_bindings)

set(num_files 0)
set(violations 0)
foreach(layer IN ITEMS math engine c_api ceres io cuda_sampler apps python_bindings)
  set(folder ${${layer}_is})
  string(REGEX REPLACE "^lib/" "" own ${folder})
  file(GLOB_RECURSE sources RELATIVE ${ROOT}
    ${ROOT}/${folder}/*.h ${ROOT}/${folder}/*.cc ${ROOT}/${folder}/*.c
    ${ROOT}/${folder}/*.cuh ${ROOT}/${folder}/*.cu)
  foreach(source IN LISTS sources)
    math(EXPR num_files "${num_files} + 1")
    file(STRINGS ${ROOT}/${source} lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]*)[>\"].*" "\\1" header "${line}")
      if(NOT header MATCHES "^(${own}/.*|${${layer}_may})$")
        message(SEND_ERROR "${source}: a file of ${folder} may not include '${header}'")
        math(EXPR violations "${violations} + 1")
      endif()
    endforeach()
  endforeach()
endforeach()

if(num_files EQUAL 0)
  message(FATAL_ERROR "no source below ${ROOT}")
endif()
message(STATUS "${num_files} files, ${violations} violations")
