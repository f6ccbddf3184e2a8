// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The second stage: components fitted to the weighted samples of a first proposal, for posteriors
// that are bent or broad in every chart. A few steps of expectation maximisation (A. Dempster, N.
// Laird, D. Rubin, 1977) for Gaussians, weighted by the importance weights as in population Monte
// Carlo (O. Cappe, R. Douc, A. Guillin, J.-M. Marin, C. Robert, 2008), their covariances shrunk
// towards that of all samples of the mode because few samples carry the weight.
#ifndef PROPNP_ENGINE_PROPOSAL_REFIT_H_
#define PROPNP_ENGINE_PROPOSAL_REFIT_H_

#include "propnp/engine/arena.h"
#include "propnp/engine/drawn_samples.h"
#include "propnp/math/proposal_cluster.h"

namespace propnp {

template <int kDof>
class ProposalRefit {
 public:
  static ProposalRefit Allocate(int64_t num_samples, Arena* arena);

  // Appends to `proposal` what fits its samples of normalised `weights` (S). False, and nothing is
  // changed, if too few carry weight.
  bool Run(const DrawnSamples<kDof>& samples, const double* weights,
           MixtureProposal<kDof>* proposal);

 private:
  static constexpr int kMaxClusters = MixtureProposal<kDof>::kMaxComponents - PROPNP_MAX_MODES;

  // A sample that carries weight, in the chart v of the mode nearest to it.
  struct Point {
    double v[kDof];
    double weight;  // all sum to the effective number
    int mode;
    int cluster;  // to begin with; kMaxClusters for none
  };

  using Cluster = ProposalCluster<kDof>;

  void GatherPoints(const DrawnSamples<kDof>& samples, const double* weights,
                    const MixtureProposal<kDof>& proposal);
  bool NearestMode(const DrawnSamples<kDof>& samples, int64_t s,
                   const MixtureProposal<kDof>& proposal, Point* point) const;
  void SplitModes(const MixtureProposal<kDof>& proposal);
  void SplitMode(int mode, const double* shape, int count);
  void Responsibilities(const Point& point, double* shares) const;
  bool Step(bool first);
  void AppendTo(MixtureProposal<kDof>* proposal) const;

  Point* points_;
  int64_t num_points_ = 0;
  double effective_ = 0;
  Cluster clusters_[kMaxClusters];
  int num_clusters_ = 0;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_PROPOSAL_REFIT_H_
