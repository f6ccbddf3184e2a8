// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/mixture_proposal.h"

#include <algorithm>
#include <cmath>

#include "propnp/math/student_t.h"

namespace propnp {
namespace {

constexpr double kScale = 1.1;
constexpr double kDefensiveScale = 3 * kScale;
constexpr double kDefensiveShare = 0.1;
constexpr double kTempering = 0.7;
constexpr double kLeastWeight = 0.05;
constexpr int kNu = 4;

// Student t density over its normalisation and det L, at squared whitened radius r2 and scale s.
template <int kDof>
double StudentKernel(double r2, double s) {
  const double q = 1 / (1 + r2 / (kNu * s * s));
  // q^((nu + D) / 2) / s^D
  return kDof == 6 ? q * q * q * q * q / (s * s * s * s * s * s) : q * q * q * q / (s * s * s * s);
}

}  // namespace

template <int kDof>
MixtureProposal<kDof>::MixtureProposal(const PosteriorMode<kDof>* modes, int num_modes)
    : modes_(modes), num_modes_(num_modes) {
  const auto log_mass = [&](int m) { return modes[m].log_det_sqrt - modes[m].cost; };
  double highest = log_mass(0);
  for (int m = 1; m < num_modes; ++m) highest = std::max(highest, log_mass(m));
  double sum = 0;
  for (int m = 0; m < num_modes; ++m)
    sum += weights_[m] = std::exp(kTempering * (log_mass(m) - highest));
  double floored_sum = 0;
  for (int m = 0; m < num_modes; ++m) {
    weights_[m] = std::max(weights_[m] / sum, kLeastWeight);
    floored_sum += weights_[m];
  }
  for (int m = 0; m < num_modes; ++m) weights_[m] /= floored_sum;
}

template <int kDof>
int MixtureProposal<kDof>::Draw(const SampleNoise<kDof>& noise, double* xi) const {
  int m = 0;
  double rest = noise.choice;
  while (m + 1 < num_modes_ && rest >= weights_[m]) rest -= weights_[m++];
  // What is left of the choice is uniform within the component.
  const bool defensive = rest < kDefensiveShare * weights_[m];
  const double scale = (defensive ? kDefensiveScale : kScale) * std::sqrt(kNu / noise.chi_square);
  modes_[m].sqrt_shape.multiply_lower(noise.normal, xi);
  for (int i = 0; i < kDof; ++i) xi[i] *= scale;
  return m;
}

template <int kDof>
double MixtureProposal<kDof>::LogDensity(const double (*xi_of_mode)[kDof]) const {
  double terms[PROPNP_MAX_MODES], highest = -HUGE_VAL;
  for (int m = 0; m < num_modes_; ++m) {
    double white[kDof], r2 = 0;
    modes_[m].sqrt_shape.solve_lower(xi_of_mode[m], white);
    for (double w : white) r2 += w * w;
    const double kernel = (1 - kDefensiveShare) * StudentKernel<kDof>(r2, kScale) +
                          kDefensiveShare * StudentKernel<kDof>(r2, kDefensiveScale);
    terms[m] = std::log(weights_[m] * kernel) - modes_[m].log_det_sqrt +
               log_gnomonic_factor(DofPolicy<kDof>(), xi_of_mode[m]);
    highest = std::max(highest, terms[m]);
  }
  double sum = 0;
  for (int m = 0; m < num_modes_; ++m) sum += std::exp(terms[m] - highest);
  return student_t_log_constant<kDof, kNu>() + highest + std::log(sum);
}

template class MixtureProposal<6>;
template class MixtureProposal<4>;

}  // namespace propnp
