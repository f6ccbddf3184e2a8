// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What samples are drawn from: a mixture of multivariate Student t with 4 degrees of freedom, each
// in the chart v of a mode (math/mode_chart.h) at 1.1 times its scale. First there is one around
// every mode, of shape Sigma_m, a tenth of it at three times the scale and in the chart xi as a
// defence against tails that the minimum does not show. Its density with respect to dt dtheta is
// exact all around the sphere and blind to the sign of a quaternion.
#ifndef PROPNP_ENGINE_MIXTURE_PROPOSAL_H_
#define PROPNP_ENGINE_MIXTURE_PROPOSAL_H_

#include "propnp/engine/kernels/proposal_kernels.h"
#include "propnp/engine/posterior_modes.h"
#include "propnp/math/student_mixture.h"

namespace propnp {

// As the kernels take it.
template <int kDof>
void ExportChart(const PosteriorMode<kDof>& mode, KernelChart* chart);

template <int kDof>
class MixtureProposal {
 public:
  static constexpr int kMaxComponents = PROPNP_MAX_MODES + 12;

  // One component a mode, of weight proportional to (exp(-cost) sqrt(det Sigma))^.7, none below a
  // twentieth. `components` is memory for kMaxComponents.
  MixtureProposal(const PosteriorMode<kDof>* modes, int num_modes,
                  ProposalComponent<kDof>* components);

  // Scales the weights of the components there are and appends others, which then must be filled
  // in.
  ProposalComponent<kDof>* Append(int count, double share_of_present);

  const PosteriorMode<kDof>& mode(int m) const { return modes_[m]; }
  int num_modes() const { return num_modes_; }
  const ProposalComponent<kDof>& component(int k) const { return components_[k]; }
  int num_components() const { return num_components_; }

  // As the kernels take them. A kernel's log density lacks the offset that is returned.
  void ExportCharts(KernelChart* charts) const;
  double ExportComponents(KernelComponent* components) const;

 private:
  const PosteriorMode<kDof>* modes_;
  int num_modes_;
  ProposalComponent<kDof>* components_;
  int num_components_ = 0;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_MIXTURE_PROPOSAL_H_
