// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The random numbers of synthetic problems.
#ifndef PROPNP_BENCHMARKS_RANDOM_NUMBERS_H_
#define PROPNP_BENCHMARKS_RANDOM_NUMBERS_H_

#include <cmath>
#include <cstdint>
#include <random>

namespace propnp::bench {

class RandomNumbers {
 public:
  explicit RandomNumbers(uint64_t seed) : random_(seed) {}

  double Uniform() { return Uniform(-1, 1); }
  double Uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  double Normal() { return normal_(random_); }

  // A rotation from the uniform distribution, as qw qx qy qz.
  void Quaternion(double* q) {
    double squared = 0;
    for (int i = 0; i < 4; ++i) q[i] = Normal(), squared += q[i] * q[i];
    for (int i = 0; i < 4; ++i) q[i] /= std::sqrt(squared);
  }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
};

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_RANDOM_NUMBERS_H_
