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

// |L^-1 (x - mean)|^2.
template <int kDof>
double SquaredRadius(const ProposalComponent<kDof>& component, const double* x) {
  double white[kDof], r2 = 0;
  for (int i = 0; i < kDof; ++i) white[i] = x[i] - component.mean[i];
  component.shape.solve_lower(white, white);
  for (double w : white) r2 += w * w;
  return r2;
}

}  // namespace

template <int kDof>
MixtureProposal<kDof>::MixtureProposal(const PosteriorMode<kDof>* modes, int num_modes,
                                       ProposalComponent<kDof>* components)
    : modes_(modes), num_modes_(num_modes), components_(components), num_components_(num_modes) {
  const auto log_mass = [&](int m) { return modes[m].log_det_sqrt - modes[m].cost; };
  double highest = log_mass(0);
  for (int m = 1; m < num_modes; ++m) highest = std::max(highest, log_mass(m));
  double sum = 0, floored_sum = 0;
  for (int m = 0; m < num_modes; ++m) {
    components[m] = {m,
                     std::exp(kTempering * (log_mass(m) - highest)),
                     kDefensiveShare,
                     {},
                     modes[m].sqrt_shape,
                     modes[m].log_det_sqrt};
    sum += components[m].weight;
  }
  for (int m = 0; m < num_modes; ++m) {
    components[m].weight = std::max(components[m].weight / sum, kLeastWeight);
    floored_sum += components[m].weight;
  }
  for (int m = 0; m < num_modes; ++m) components[m].weight /= floored_sum;
}

template <int kDof>
ProposalComponent<kDof>* MixtureProposal<kDof>::Append(int count, double share_of_present) {
  for (int k = 0; k < num_components_; ++k) components_[k].weight *= share_of_present;
  num_components_ += count;
  return components_ + num_components_ - count;
}

template <int kDof>
int MixtureProposal<kDof>::Draw(const SampleNoise<kDof>& noise, double* xi) const {
  int k = 0;
  double rest = noise.choice;
  while (k + 1 < num_components_ && rest >= components_[k].weight) rest -= components_[k++].weight;
  const ProposalComponent<kDof>& component = components_[k];
  // What is left of the choice is uniform within the component.
  const bool defensive = rest < component.defensive_share * component.weight;
  const double scale = (defensive ? kDefensiveScale : kScale) * std::sqrt(kNu / noise.chi_square);
  component.shape.multiply_lower(noise.normal, xi);
  for (int i = 0; i < kDof; ++i) xi[i] = component.mean[i] + scale * xi[i];
  if (!defensive) modes_[component.mode].chart.linear_from_depth(xi, xi);
  return component.mode;
}

template <int kDof>
double MixtureProposal<kDof>::LogDensity(const double (*xi_of_mode)[kDof]) const {
  double v[PROPNP_MAX_MODES][kDof], e_cubed[PROPNP_MAX_MODES], log_factor[PROPNP_MAX_MODES];
  for (int m = 0; m < num_modes_; ++m) {
    double log_e;
    const bool in_front = DepthChart(modes_[m], xi_of_mode[m], v[m], &log_e);
    e_cubed[m] = in_front ? std::exp(-3 * log_e) : 0;
    log_factor[m] = modes_[m].chart.log_factor(xi_of_mode[m]);
  }
  double terms[kMaxComponents], highest = -HUGE_VAL;
  for (int k = 0; k < num_components_; ++k) {
    const ProposalComponent<kDof>& c = components_[k];
    double kernel = 0;
    if (c.defensive_share > 0) {
      kernel = c.defensive_share *
               StudentKernel<kDof>(SquaredRadius(c, xi_of_mode[c.mode]), kDefensiveScale);
    }
    if (e_cubed[c.mode] > 0) {
      kernel += (1 - c.defensive_share) * StudentKernel<kDof>(SquaredRadius(c, v[c.mode]), kScale) *
                e_cubed[c.mode];
    }
    terms[k] = std::log(c.weight * kernel) - c.log_det_sqrt + log_factor[c.mode];
    highest = std::max(highest, terms[k]);
  }
  double sum = 0;
  for (int k = 0; k < num_components_; ++k) sum += std::exp(terms[k] - highest);
  return student_t_log_constant<kDof, kNu>() + highest + std::log(sum);
}

template class MixtureProposal<6>;
template class MixtureProposal<4>;

}  // namespace propnp
