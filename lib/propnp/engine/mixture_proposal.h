// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What samples are drawn from: a mixture with one component a mode. In the chart xi of its mode a
// component is a multivariate Student t with 4 degrees of freedom, of shape Sigma_m at 1.1 times
// its scale, a tenth of it at three times that as a defence against tails that the minimum does not
// show. Its density with respect to dt dtheta is t(xi) (1 + |g|^2)^2 / 8 (4DoF: t(xi) (1 + g^2) /
// 2), which is exact all around the sphere and blind to the sign of a quaternion.
#ifndef PROPNP_ENGINE_MIXTURE_PROPOSAL_H_
#define PROPNP_ENGINE_MIXTURE_PROPOSAL_H_

#include "propnp/engine/posterior_modes.h"

namespace propnp {

// Numbers that make one sample: standard normals, chi-square with 4 degrees of freedom, and a
// uniform that chooses the component.
template <int kDof>
struct SampleNoise {
  double normal[kDof];
  double chi_square;
  double choice;
};

template <int kDof>
class MixtureProposal {
 public:
  // Component weights are proportional to (exp(-cost) sqrt(det Sigma))^.7, none below a twentieth.
  MixtureProposal(const PosteriorMode<kDof>* modes, int num_modes);

  const PosteriorMode<kDof>& mode(int m) const { return modes_[m]; }
  int num_modes() const { return num_modes_; }
  double weight(int m) const { return weights_[m]; }

  // Draws xi in the chart of the component that is returned.
  int Draw(const SampleNoise<kDof>& noise, double* xi) const;

  // The log density with respect to dt dtheta. `xi_of_mode[m]` is the sample in the chart of mode
  // m.
  double LogDensity(const double (*xi_of_mode)[kDof]) const;

 private:
  const PosteriorMode<kDof>* modes_;
  int num_modes_;
  double weights_[PROPNP_MAX_MODES];
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_MIXTURE_PROPOSAL_H_
