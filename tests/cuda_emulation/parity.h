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
#include <tuple>
#include <vector>

#include "tests/engine/gradient_case.h"

namespace propnp::test {

// A test that derives from this finds the emulated plugin, or the one that the environment names.
class OnEmulatedDevice {
 protected:
  OnEmulatedDevice() { setenv("PROPNP_CUDA_PLUGIN", PROPNP_EMULATED_PLUGIN, 0); }
};

// Of camera, degrees of freedom and loss: every combination of them is a case, see EveryCase().
class EmulatedCases : public ::testing::TestWithParam<std::tuple<int, int, int>>,
                      protected OnEmulatedDevice {
 protected:
  int camera() const { return std::get<0>(GetParam()); }
  int loss() const { return std::get<2>(GetParam()); }

  // Half of the cases have 2x2 information and half a prior, of every form. With `clamped`, half
  // have a box that holds points, and pinhole cameras a z_min that does.
  GradientCase Case(bool clamped = false) const {
    GradientCase c;
    std::tie(c.camera, c.dof, c.loss) = GetParam();
    c.information = (c.camera + c.loss) % 2;
    c.prior = c.loss % 2;
    c.prior_form = static_cast<PriorForm>((c.camera + c.loss / 2) % 3);
    c.box = clamped && c.camera % 2;
    c.z_min = clamped && c.camera == PROPNP_CAMERA_PINHOLE ? 2.5 : 0;
    c.displacement = 0.02;
    return c;
  }
};

inline auto EveryCase() {
  return ::testing::Combine(::testing::Range(0, 4), ::testing::Values(6, 4),
                            ::testing::Range(0, 4));
}

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
