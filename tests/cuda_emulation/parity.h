// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Calls on device 0, which is the emulated one, beside the same calls on the CPU: on which
// problems, and how alike their answers have to be.
#ifndef PROPNP_TESTS_CUDA_EMULATION_PARITY_H_
#define PROPNP_TESTS_CUDA_EMULATION_PARITY_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/engine/gradient_case.h"

namespace propnp::test {

// A test that derives from this finds the emulated plugin, or the one that the environment names.
class OnEmulatedDevice {
 protected:
  OnEmulatedDevice() { setenv("PROPNP_CUDA_PLUGIN", PROPNP_EMULATED_PLUGIN, 0); }
};

class EmulatedCases : public GradientCases, protected OnEmulatedDevice {
 protected:
  // With half of the cameras in a box that holds points, pinholes with a z_min that does.
  GradientCase ClampedCase() const {
    GradientCase c = Case();
    c.box = c.camera % 2 != 0;
    c.z_min = c.camera == PROPNP_CAMERA_PINHOLE ? 2.5 : 0;
    return c;
  }
};

// Of calls that have Run(Context&) and `status`: whether both ran, to the same status.
template <typename Call>
::testing::AssertionResult BothRun(Call* device, Call* cpu) {
  const Status on_device = device->Run(SharedContext()), on_cpu = cpu->Run(SharedContext());
  if (!on_device.ok()) return ::testing::AssertionFailure() << "device: " << on_device.message();
  if (!on_cpu.ok()) return ::testing::AssertionFailure() << "CPU: " << on_cpu.message();
  return ::testing::AssertionSuccess();
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

// Of everything that has a gradient; a camera's parameters are of as many kinds.
inline void ExpectAlikeGradients(const GradientOutputs& device, const GradientOutputs& cpu,
                                 double relative) {
  const auto all = device.All(), expected = cpu.All();
  for (size_t k = 0; k < all.size(); ++k) {
    const size_t period = expected[k] == &cpu.camera ? PROPNP_MAX_CAMERA_PARAMETERS : 1;
    ExpectAlike("gradient " + std::to_string(k), *all[k], *expected[k], relative, period);
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_CUDA_EMULATION_PARITY_H_
