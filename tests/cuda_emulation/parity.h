// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Calls on device 0, which is the emulated one, beside the same calls on the CPU.
#ifndef PROPNP_TESTS_CUDA_EMULATION_PARITY_H_
#define PROPNP_TESTS_CUDA_EMULATION_PARITY_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/engine/gradient_batch.h"

namespace propnp::test {

// A test that derives from this finds the emulated plugin, or the one that the environment names.
class OnEmulatedDevice {
 protected:
  OnEmulatedDevice() { setenv("PROPNP_CUDA_PLUGIN", PROPNP_EMULATED_PLUGIN, 0); }
};

// Among the cases of a camera and a loss every form comes up.
inline PriorForm PriorFormOf(int camera, int loss) {
  return static_cast<PriorForm>((camera + loss / 2) % 3);
}

// The threads of a team add in another order than the CPU's lanes: every entry agrees within
// `relative` of the largest of its kind (one kind is one of `period` columns).
inline void ExpectAlike(const std::string& what, const std::vector<double>& device,
                        const std::vector<double>& cpu, double relative, size_t period = 1) {
  ASSERT_EQ(device.size(), cpu.size()) << what;
  std::vector<double> largest(period, 0.0);
  for (size_t i = 0; i < cpu.size(); ++i) {
    largest[i % period] = std::max(largest[i % period], std::fabs(cpu[i]));
  }
  for (size_t i = 0; i < cpu.size(); ++i) {
    if (std::isnan(cpu[i]) && std::isnan(device[i])) continue;
    if (cpu[i] == device[i]) continue;
    EXPECT_NEAR(device[i], cpu[i], relative * largest[i % period]) << what << "[" << i << "]";
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CUDA_EMULATION_PARITY_H_
