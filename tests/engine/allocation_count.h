// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Counts what the whole program allocates, on any thread and by any road: operator new, malloc,
// aligned_alloc.
#ifndef PROPNP_TESTS_ENGINE_ALLOCATION_COUNT_H_
#define PROPNP_TESTS_ENGINE_ALLOCATION_COUNT_H_

namespace propnp::test {

// Whether allocations can be counted with this C library and these sanitizers.
bool CanCountAllocations();

// From now on.
void StartCountingAllocations();

// Since then; stops counting.
long StopCountingAllocations();

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_ALLOCATION_COUNT_H_
