// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "tests/engine/allocation_count.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#elif __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

namespace propnp::test {
namespace {

std::atomic<bool> counting{false};
std::atomic<long> allocations{0};

[[maybe_unused]] void CountOne() {
  if (counting.load(std::memory_order_relaxed)) ++allocations;
}

}  // namespace

void StartCountingAllocations() {
  allocations = 0;
  counting = true;
}

long StopCountingAllocations() {
  counting = false;
  return allocations;
}

}  // namespace propnp::test

#if defined(__SANITIZE_ADDRESS__)

// AddressSanitizer brings an allocator of its own, which can be listened to.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*,
                                                                             size_t),
                                                         void (*free_hook)(const volatile void*));

bool propnp::test::CanCountAllocations() {
  static const int installed = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, size_t) { CountOne(); }, [](const volatile void*) {});
  return installed > 0;
}

#elif defined(__GLIBC__) && !defined(__SANITIZE_THREAD__)

bool propnp::test::CanCountAllocations() { return true; }

// The program's own allocation functions stand before those of glibc, on which they lean. operator
// new calls malloc; glibc's free() takes what all of these give.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc's names are its own.
extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  propnp::test::CountOne();
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  propnp::test::CountOne();
  return __libc_calloc(count, size);
}

void* realloc(void* memory, size_t size) {
  propnp::test::CountOne();
  return __libc_realloc(memory, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  propnp::test::CountOne();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, size_t alignment, size_t size) {
  propnp::test::CountOne();
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}

}  // extern "C"
   // NOLINTEND(readability-inconsistent-declaration-parameter-name)

#else

// ThreadSanitizer's allocator does not tell of aligned_alloc().
bool propnp::test::CanCountAllocations() { return false; }

#endif
