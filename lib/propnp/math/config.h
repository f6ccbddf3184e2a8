// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiler annotations that every mathematics header needs.
#ifndef PROPNP_MATH_CONFIG_H_
#define PROPNP_MATH_CONFIG_H_

#if defined(__CUDACC__)
#define PROPNP_HOST_DEVICE __host__ __device__
#else
#define PROPNP_HOST_DEVICE
#endif

// The same headers are compiled once per instruction set. Each build lives in an inline namespace
// of its own, or the linker would be free to keep the AVX-512 copy of an inline function for
// everybody.
#ifndef PROPNP_ISA
#define PROPNP_ISA generic
#endif
#define PROPNP_MATH_BEGIN \
  namespace propnp {      \
  inline namespace PROPNP_ISA {
#define PROPNP_MATH_END \
  }                     \
  }

// The lanes of the vector build must vanish by inlining; the optimiser's own limit is too low
// there. Not so under sanitizers, whose checks make one huge function take minutes to compile.
#if defined(__GNUC__) && !defined(__CUDACC__) && !defined(PROPNP_SANITIZED)
#define PROPNP_INLINE inline __attribute__((always_inline))
#else
#define PROPNP_INLINE inline
#endif

// Of a function whose work is large beside a call: on a device it stands apart, or its caller would
// need its registers on top of its own.
#if defined(__CUDACC__)
#define PROPNP_OUT_OF_LINE __noinline__
#else
#define PROPNP_OUT_OF_LINE
#endif

// Before a loop of a few constant turns over an array that should live in registers.
#if defined(__clang__) || defined(__CUDACC__)
#define PROPNP_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define PROPNP_UNROLL _Pragma("GCC unroll 16")
#else
#define PROPNP_UNROLL
#endif

#endif  // PROPNP_MATH_CONFIG_H_
