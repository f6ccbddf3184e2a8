// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#ifndef PROPNP_TESTS_ENGINE_TEST_DEVICE_H_
#define PROPNP_TESTS_ENGINE_TEST_DEVICE_H_

#include <cstdint>

namespace propnp::test {

// Where tests that serve every backend make their calls: on the CPU, or on the device for which
// they are compiled once more.
#if defined(PROPNP_TEST_DEVICE)
constexpr int32_t kTestDevice = PROPNP_TEST_DEVICE;
#else
constexpr int32_t kTestDevice = -1;
#endif

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_TEST_DEVICE_H_
