// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/mixture_proposal.h"

#include <cstring>
#include <type_traits>

namespace propnp {

template <int kDof>
void ExportChart(const PosteriorMode<kDof>& mode, KernelChart* chart) {
  using Chart = ModeChart<DofPolicy<kDof>>;
  static_assert(std::is_trivially_copyable_v<Chart> && sizeof(Chart) <= sizeof(KernelChart), "");
  *chart = {};
  std::memcpy(chart->numbers, &mode.chart, sizeof(Chart));
}

template void ExportChart(const PosteriorMode<6>&, KernelChart*);
template void ExportChart(const PosteriorMode<4>&, KernelChart*);

template <int kDof>
MixtureProposal<kDof>::MixtureProposal(const PosteriorMode<kDof>* modes, int num_modes,
                                       ProposalComponent<kDof>* components)
    : modes_(modes), num_modes_(num_modes), components_(components), num_components_(num_modes) {
  first_components(modes, num_modes, components);
}

template <int kDof>
ProposalComponent<kDof>* MixtureProposal<kDof>::Append(int count, double share_of_present) {
  for (int k = 0; k < num_components_; ++k) components_[k].weight *= share_of_present;
  num_components_ += count;
  return components_ + num_components_ - count;
}

template <int kDof>
void MixtureProposal<kDof>::ExportCharts(KernelChart* charts) const {
  for (int m = 0; m < num_modes_; ++m) ExportChart(modes_[m], &charts[m]);
}

template <int kDof>
double MixtureProposal<kDof>::ExportComponents(KernelComponent* components) const {
  return export_components(components_, num_components_, components);
}

template class MixtureProposal<6>;
template class MixtureProposal<4>;

}  // namespace propnp
