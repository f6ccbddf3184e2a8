// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Measures what a test asks the allocator for.
#ifndef PROPNP_TESTS_IO_LARGEST_ALLOCATION_H_
#define PROPNP_TESTS_IO_LARGEST_ALLOCATION_H_

#include <cstddef>

namespace propnp::io {

// The largest single request to operator new since this object was made. Always 0 in a build with
// sanitizers, which bring an operator new of their own.
class LargestAllocation {
 public:
  LargestAllocation();
  size_t bytes() const;
};

}  // namespace propnp::io

#endif  // PROPNP_TESTS_IO_LARGEST_ALLOCATION_H_
