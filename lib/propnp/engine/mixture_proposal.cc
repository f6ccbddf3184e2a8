// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/mixture_proposal.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "propnp/math/student_t.h"

namespace propnp {
namespace {

constexpr double kDefensiveShare = 0.1;
constexpr double kTempering = 0.7;
constexpr double kLeastWeight = 0.05;

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
typename MixtureProposal<kDof>::Choice MixtureProposal<kDof>::Choose(double uniform) const {
  int k = 0;
  double rest = uniform;
  while (k + 1 < num_components_ && rest >= components_[k].weight) rest -= components_[k++].weight;
  // What is left of the number is uniform within the component.
  return {k, rest < components_[k].defensive_share * components_[k].weight};
}

template <int kDof>
void MixtureProposal<kDof>::ExportCharts(KernelChart* charts) const {
  using Chart = ModeChart<DofPolicy<kDof>>;
  static_assert(std::is_trivially_copyable_v<Chart> && sizeof(Chart) <= sizeof(KernelChart), "");
  for (int m = 0; m < num_modes_; ++m) {
    charts[m] = {};
    std::memcpy(charts[m].numbers, &modes_[m].chart, sizeof(Chart));
  }
}

template <int kDof>
double MixtureProposal<kDof>::ExportComponents(KernelComponent* components) const {
  double offset = -HUGE_VAL;
  for (int k = 0; k < num_components_; ++k) offset = std::max(offset, -components_[k].log_det_sqrt);
  for (int k = 0; k < num_components_; ++k) {
    const ProposalComponent<kDof>& from = components_[k];
    KernelComponent& to = components[k];
    to = {};
    to.mode = from.mode;
    std::copy(from.mean, from.mean + kDof, to.mean);
    int entry = 0;
    for (int i = 0; i < kDof; ++i) {
      for (int j = 0; j <= i; ++j) to.lower[entry++] = from.shape.lower(i, j);
      to.inverse_diagonal[i] = 1 / from.shape.lower(i, i);
    }
    to.log_det_sqrt = from.log_det_sqrt;
    to.weight = from.weight * std::exp(-from.log_det_sqrt - offset);
    to.defensive_share = from.defensive_share;
  }
  return student_t_log_constant<kDof, kProposalNu>() + offset;
}

template class MixtureProposal<6>;
template class MixtureProposal<4>;

}  // namespace propnp
