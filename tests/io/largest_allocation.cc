// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "tests/io/largest_allocation.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

size_t largest_request = 0;

}  // namespace

namespace propnp::io {

LargestAllocation::LargestAllocation() { largest_request = 0; }
size_t LargestAllocation::bytes() const { return largest_request; }

}  // namespace propnp::io

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PROPNP_OWN_ALLOCATOR 0
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PROPNP_OWN_ALLOCATOR 0
#endif

#ifndef PROPNP_OWN_ALLOCATOR
void* operator new(size_t size) {
  largest_request = std::max(largest_request, size);
  if (void* memory = std::malloc(std::max<size_t>(size, 1))) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif
