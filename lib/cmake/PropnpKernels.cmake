# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors

# propnp_add_kernels(TARGET SOURCE...)
#
# Compiles every SOURCE once per instruction set and adds the objects to TARGET. The macro
# PROPNP_ISA names the instruction set; a kernel source opens `inline namespace PROPNP_ISA`, so that
# no inline function is shared between two instruction sets (the linker would keep one of them and
# run AVX-512 code on a machine without it). TARGET sees PROPNP_HAVE_AVX2 and PROPNP_HAVE_AVX512
# where those objects exist.
function(propnp_add_kernels target)
  set(flags_baseline "")
  # -march=x86-64-v3 and -v4 leave out features that Highway asks for; it would fall back to SSE.
  set(flags_avx2 -mavx2 -mfma -mbmi -mbmi2 -mf16c -maes -mpclmul)
  set(flags_avx512 -march=skylake-avx512 -mprefer-vector-width=512)
  # GCC 12 copies a register in halves by default, and reading it at once then waits for both.
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag("-mmove-max=512 -mstore-max=512" PROPNP_HAVE_MOVE_MAX)
  if(PROPNP_HAVE_MOVE_MAX)
    list(APPEND flags_avx512 -mmove-max=512 -mstore-max=512)
  endif()

  set(isas baseline)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
    list(APPEND isas avx2 avx512)
    target_compile_definitions(${target} PRIVATE PROPNP_HAVE_AVX2=1 PROPNP_HAVE_AVX512=1)
  endif()

  # Headers only: static mode needs no Highway library, which distributions ship as a shared one.
  find_path(PROPNP_HIGHWAY_INCLUDE_DIR hwy/highway.h REQUIRED)

  foreach(isa IN LISTS isas)
    set(kernels ${target}_kernels_${isa})
    add_library(${kernels} OBJECT ${ARGN})
    target_compile_features(${kernels} PRIVATE cxx_std_17)
    target_compile_definitions(${kernels} PRIVATE PROPNP_ISA=${isa} HWY_COMPILE_ONLY_STATIC)
    # Nobody reads errno or floating-point exceptions after a kernel; both stop vectorisation.
    set(level -O3)
    if(PROPNP_SANITIZE)
      set(level -O1)  # what is instrumented is not meant to be fast, but to compile in seconds
    endif()
    target_compile_options(${kernels} PRIVATE
      ${level} -fno-math-errno -fno-trapping-math ${flags_${isa}})
    target_include_directories(${kernels} SYSTEM PRIVATE ${PROPNP_HIGHWAY_INCLUDE_DIR})
    target_link_libraries(${kernels} PRIVATE propnp_math)
    set_target_properties(${kernels} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${kernels}>)
  endforeach()
  set(PROPNP_KERNEL_ISAS ${isas} PARENT_SCOPE)
endfunction()
