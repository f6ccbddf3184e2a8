// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/proposal_refit.h"

#include <algorithm>
#include <cmath>

namespace propnp {

template <int kDof>
ProposalRefit<kDof> ProposalRefit<kDof>::Allocate(int64_t num_samples, Arena* arena) {
  ProposalRefit refit;  // few objects need it: its clusters are not even cleared
  refit.points_ = arena->Take<Point>(num_samples);
  return refit;
}

template <int kDof>
bool ProposalRefit<kDof>::Run(const DrawnSamples<kDof>& samples, const double* weights,
                              MixtureProposal<kDof>* proposal) {
  GatherPoints(samples, weights, *proposal);
  if (effective_ < 2 * kDof) return false;
  SplitModes(*proposal);
  for (int step = 0; step < kRefitSteps; ++step) {
    if (!Step(step == 0)) return false;
  }
  AppendTo(proposal);
  return true;
}

// Weights are truncated at sqrt(S) times their mean (E. Ionides, 2008), so that no single sample
// makes a component.
template <int kDof>
void ProposalRefit<kDof>::GatherPoints(const DrawnSamples<kDof>& samples, const double* weights,
                                       const MixtureProposal<kDof>& proposal) {
  const int64_t num_samples = samples.size();
  const double most = 1 / std::sqrt(static_cast<double>(num_samples));
  const double least = 1e-3 / static_cast<double>(num_samples);
  num_points_ = 0;
  double sum = 0, squares = 0;
  for (int64_t s = 0; s < num_samples; ++s) {
    Point& point = points_[num_points_];
    if (weights[s] < least || !NearestMode(samples, s, proposal, &point)) continue;
    point.weight = std::min(weights[s], most);
    sum += point.weight;
    squares += point.weight * point.weight;
    ++num_points_;
  }
  effective_ = num_points_ > 0 ? sum * sum / squares : 0;
  for (int64_t i = 0; i < num_points_; ++i) points_[i].weight *= effective_ / sum;
}

template <int kDof>
bool ProposalRefit<kDof>::NearestMode(const DrawnSamples<kDof>& samples, int64_t s,
                                      const MixtureProposal<kDof>& proposal, Point* point) const {
  double nearest = HUGE_VAL;
  for (int m = 0; m < proposal.num_modes(); ++m) {
    const PosteriorMode<kDof>& mode = proposal.mode(m);
    double v[kDof], white[kDof], inverse_e, r2 = 0;
    for (int k = 0; k < kDof; ++k) v[k] = samples.xi(m, k, s);
    if (!mode.chart.depth_from_linear(v, v, &inverse_e)) continue;
    mode.sqrt_shape.solve_lower(v, white);
    for (double w : white) r2 += w * w;
    if (!(r2 < nearest)) continue;
    nearest = r2;
    std::copy(v, v + kDof, point->v);
    point->mode = m;
  }
  point->cluster = kMaxClusters;
  return nearest < HUGE_VAL;
}

template <int kDof>
void ProposalRefit<kDof>::SplitModes(const MixtureProposal<kDof>& proposal) {
  double weight[PROPNP_MAX_MODES] = {};
  for (int64_t i = 0; i < num_points_; ++i) weight[points_[i].mode] += points_[i].weight;
  num_clusters_ = 0;
  for (int m = 0; m < proposal.num_modes() && num_clusters_ < kMaxClusters; ++m) {
    if (weight[m] < kLeastModeWeight * effective_) continue;
    const int wanted = static_cast<int>(weight[m] / kPointsPerCluster);
    SplitMode(m, proposal.mode(m).covariance,
              std::clamp(wanted, 1, std::min(kMaxClustersOfMode, kMaxClusters - num_clusters_)));
  }
}

// Slabs of equal weight across the direction in which the mode's points spread most.
template <int kDof>
void ProposalRefit<kDof>::SplitMode(int mode, const double* shape, int count) {
  Point* const end = points_ + num_points_;
  Point* const begin = std::partition(points_, end, [&](const Point& p) { return p.mode != mode; });
  Cluster whole = {};
  for (const Point* p = begin; p != end; ++p) whole.add(p->weight, p->v);
  whole.set_mode_covariance(shape);
  whole.mode = mode;
  double axis[kDof];
  longest_axis<kDof>(whole.mode_covariance, axis);
  const auto along = [&](const Point& p) {
    double sum = 0;
    for (int i = 0; i < kDof; ++i) sum += axis[i] * p.v[i];
    return sum;
  };
  std::sort(begin, end, [&](const Point& a, const Point& b) { return along(a) < along(b); });
  double passed = 0;
  for (Point* p = begin; p != end; ++p) {
    passed += p->weight;
    const int slab = static_cast<int>(passed / whole.weight * count);
    p->cluster = num_clusters_ + std::min(count - 1, slab);
  }
  for (int k = 0; k < count; ++k) clusters_[num_clusters_++] = whole;
}

// How the point divides among the clusters of its mode, in whose chart its coordinates are.
template <int kDof>
void ProposalRefit<kDof>::Responsibilities(const Point& point, double* shares) const {
  double highest = -HUGE_VAL, sum = 0;
  for (int k = 0; k < num_clusters_; ++k) {
    const Cluster& cluster = clusters_[k];
    shares[k] = -HUGE_VAL;
    if (cluster.mode != point.mode) continue;
    shares[k] = cluster.log_share(point.v);
    highest = std::max(highest, shares[k]);
  }
  for (int k = 0; k < num_clusters_; ++k) {
    sum += shares[k] = highest > -HUGE_VAL ? std::exp(shares[k] - highest) : 0;
  }
  for (int k = 0; k < num_clusters_ && sum > 0; ++k) shares[k] /= sum;
}

// One step of expectation maximisation; the first takes the slabs.
template <int kDof>
bool ProposalRefit<kDof>::Step(bool first) {
  constexpr double kNegligible = 1e-6;
  Cluster next[kMaxClusters];
  std::copy(clusters_, clusters_ + num_clusters_, next);
  for (int k = 0; k < num_clusters_; ++k) next[k].clear();
  for (int64_t p = 0; p < num_points_; ++p) {
    const Point& point = points_[p];
    if (first) {
      if (point.cluster < num_clusters_) next[point.cluster].add(point.weight, point.v);
      continue;
    }
    double shares[kMaxClusters];
    Responsibilities(point, shares);
    for (int k = 0; k < num_clusters_; ++k) {
      if (shares[k] > kNegligible) next[k].add(shares[k] * point.weight, point.v);
    }
  }
  std::copy(next, next + num_clusters_, clusters_);
  return std::all_of(clusters_, clusters_ + num_clusters_, [](Cluster& c) { return c.finish(); });
}

template <int kDof>
void ProposalRefit<kDof>::AppendTo(MixtureProposal<kDof>* proposal) const {
  double sum = 0;
  for (int k = 0; k < num_clusters_; ++k) sum += clusters_[k].weight;
  const double kept = share_of_first_stage(effective_);
  ProposalComponent<kDof>* added = proposal->Append(num_clusters_, kept);
  for (int k = 0; k < num_clusters_; ++k) {
    const Cluster& cluster = clusters_[k];
    added[k] = {cluster.mode,        (1 - kept) * cluster.weight / sum, 0, {}, cluster.shape,
                cluster.log_det_sqrt};
    std::copy(cluster.mean, cluster.mean + kDof, added[k].mean);
  }
}

template class ProposalRefit<6>;
template class ProposalRefit<4>;

}  // namespace propnp
