// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Random inputs whose seed is the running test's own name, so that tests do not depend on order.
#ifndef PROPNP_TESTS_MATH_TEST_RANDOM_H_
#define PROPNP_TESTS_MATH_TEST_RANDOM_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>

#include "propnp/math/pose.h"

namespace propnp::test {

class TestRandom {
 public:
  TestRandom() {
    const ::testing::TestInfo* info = ::testing::UnitTest::GetInstance()->current_test_info();
    std::uint64_t seed = 14695981039346656037u;  // FNV-1a
    for (const char c : std::string(info->test_suite_name()) + "." + info->name()) {
      seed = (seed ^ static_cast<unsigned char>(c)) * 1099511628211u;
    }
    engine_.seed(seed);
  }

  double Uniform(double low, double high) {
    return low + (high - low) * std::ldexp(static_cast<double>(engine_() >> 11), -53);
  }
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(Uniform(1e-300, 1)));
    return radius * std::cos(Uniform(0, 2 * 3.14159265358979323846));
  }
  Vec3<double> Vector(double scale) {
    return {scale * Normal(), scale * Normal(), scale * Normal()};
  }
  Vec3<double> Axis() {
    const Vec3<double> v = Vector(1);
    return (1 / std::sqrt(dot(v, v))) * v;
  }
  Quaternion<double> Rotation() {
    return normalized(Quaternion<double>{Normal(), Normal(), Normal(), Normal()});
  }
  // [tx ty tz qw qx qy qz], about two units in front of the camera.
  void Pose(double* pose) {
    const Quaternion<double> q = Rotation();
    pose[0] = 0.4 * Normal(), pose[1] = 0.4 * Normal(), pose[2] = Uniform(1.5, 3);
    pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_MATH_TEST_RANDOM_H_
