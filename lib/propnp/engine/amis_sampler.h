// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Adaptive multiple importance sampling as EPro-PnP has it (H. Chen, P. Wang, F. Wang, W. Tian, L.
// Xiong, H. Li, CVPR 2022; the proposals are math/amis_proposal.h), kept to compare with and for
// the drop-in layer. Four rounds of S / 4 draws, the first from a proposal around the optimum, each
// later one from a proposal fitted to all samples so far; every sample is weighed by the mean of
// the densities of all proposals so far. It knows one mode, and because its proposals follow its
// samples its evidence is biased low.
//
//   AmisSampler amis(...);
//   for (int round = 0; round < kAmisRounds; ++round) {
//     amis.Draw(round);           // poses [Begin(round), End(round))
//     ... fill in their costs ...
//     amis.Weigh(round);          // log weights of all poses so far
//     amis.Adapt(round);
//   }
#ifndef PROPNP_ENGINE_AMIS_SAMPLER_H_
#define PROPNP_ENGINE_AMIS_SAMPLER_H_

#include "propnp/engine/posterior_modes.h"
#include "propnp/math/amis_proposal.h"

namespace propnp {

constexpr int kAmisRounds = 4;

// Memory of S samples.
struct AmisSamples {
  double* pose;         // (S, 7)
  double* log_density;  // (S) of the mean of the proposals so far, with respect to dt dtheta
  double* log_weight;   // (S) -cost - log_density
  double* weight;       // (S) scratch
  const double* cost;   // (S)
  int64_t count;        // S, a multiple of kAmisRounds
};

template <int kDof>
class AmisSampler {
 public:
  // The first proposal is that of a pose and its covariance in the tangent.
  AmisSampler(const double* pose, const double* covariance, uint64_t seed, uint64_t object_id,
              const AmisSamples& samples);

  int64_t Begin(int round) const { return round * (samples_.count / kAmisRounds); }
  int64_t End(int round) const { return Begin(round + 1); }

  void Draw(int round);
  void Weigh(int round);
  // Fits the proposal of the next round, unless this is the last.
  void Adapt(int round);

  // Whether the default shape of the published layer had to stand in for one that is no covariance.
  bool fell_back() const { return fell_back_; }

 private:
  using Proposal = AmisProposal<DofPolicy<kDof>>;

  void DrawPose(int64_t s, bool uniform_yaw, const Proposal& proposal, double* pose) const;

  AmisSamples samples_;
  uint64_t seed_, object_id_;
  Proposal proposals_[kAmisRounds];
  bool fell_back_;
};

// The covariance at a pose as the published solver gives it: of the reweighted J^T J, in which
// clamped points are dropped, and `epsilon` on the diagonal of the half-angle tangent. False if
// there is none.
template <int kDof>
bool PublishedCovariance(const ObjectCost<kDof, double>& cost, double epsilon, const double* pose,
                         double* covariance);

}  // namespace propnp

#endif  // PROPNP_ENGINE_AMIS_SAMPLER_H_
