// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// cuRAND's own Philox4x32-10 as a host function.
#ifndef PROPNP_TESTS_ENGINE_CURAND_PHILOX_H_
#define PROPNP_TESTS_ENGINE_CURAND_PHILOX_H_

#include <vector_types.h>

#include <cstdint>

#define QUALIFIERS [[maybe_unused]] static inline  // instead of __device__
#include <curand_philox4x32_x.h>
#undef QUALIFIERS

namespace propnp::test {

inline void CurandPhilox(const uint32_t counter[4], uint32_t key0, uint32_t key1,
                         uint32_t result[4]) {
  const uint4 words =
      curand_Philox4x32_10({counter[0], counter[1], counter[2], counter[3]}, {key0, key1});
  result[0] = words.x, result[1] = words.y, result[2] = words.z, result[3] = words.w;
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_CURAND_PHILOX_H_
