// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#ifndef PROPNP_COMPILER_H_
#define PROPNP_COMPILER_H_

// What the including source is compiled with, for people to read.
#if defined(__clang__)
#define PROPNP_COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define PROPNP_COMPILER "g++ " __VERSION__
#else
#define PROPNP_COMPILER "an unknown compiler"
#endif

#endif  // PROPNP_COMPILER_H_
