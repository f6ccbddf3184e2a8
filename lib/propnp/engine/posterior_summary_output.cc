// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_summary_output.h"

#include <algorithm>
#include <limits>
#include <string>

#include "propnp/engine/store_row.h"

namespace propnp {
namespace {

// Levels or shares: an input of any length with numbers from 0 to 1, given if `output` is.
Status CheckLevels(const Problem& problem, const char* name, const propnp_tensor& levels,
                   const char* output_name, const propnp_tensor& output) {
  if (!IsGiven(output)) return Status();
  if (!IsGiven(levels)) {
    return Status::InvalidArgument(std::string(output_name) + " is given, but " + name + " is not");
  }
  PROPNP_RETURN_IF_ERROR(CheckTensor(name, levels, {-1}, false));
  for (int64_t k = 0; problem.readable && k < levels.shape[0]; ++k) {
    const double level = LoadAt<double>(levels, k);
    if (level >= 0 && level <= 1) continue;
    return Status::InvalidArgument(std::string(name) + "[" + std::to_string(k) + "] is " +
                                   std::to_string(level) + ", expected 0 to 1");
  }
  return Status();
}

template <int kDof>
class SummaryWriter {
 public:
  SummaryWriter(const Problem& problem, const propnp_sample_args& args, int64_t index,
                const SampledPosterior<kDof>& posterior, const SummaryScratch& scratch)
      : problem_(problem),
        args_(args),
        index_(index),
        posterior_(posterior),
        scratch_(scratch),
        samples_(posterior.samples) {
    const bool folds = !posterior.failed && !posterior.symmetries.empty();
    if (folds && SummariesNeedModes(args)) FoldSamples();
  }

  void Write() const {
    StoreAt(args_.stages, index_, posterior_.failed ? 0 : posterior_.stages);
    WriteMoments();
    WriteModeMoments();
    WriteQuantiles();
    WriteRegions();
    WriteDraws();
  }

 private:
  using Moments = PoseMoments<DofPolicy<kDof>>;

  const PosteriorMode<kDof>& ModeInOrder(int rank) const {
    return posterior_.modes[posterior_.mode_order[rank]];
  }

  void FoldSamples() {
    for (int64_t s = 0; s < samples_.count; ++s) {
      posterior_.symmetries.Nearest(ModeInOrder(0).pose, posterior_.samples.pose + 7 * s,
                                    scratch_.folded + 7 * s);
    }
    samples_.pose = scratch_.folded;
  }

  void WriteMoments() const {
    if (!IsGiven(args_.mean_pose) && !IsGiven(args_.covariance)) return;
    Moments moments = {};
    if (!posterior_.failed) {
      ComputeMoments(posterior_.dof, samples_, ModeInOrder(0).pose, &moments);
    }
    StoreRow(args_.mean_pose, index_, moments.mean, problem_.pose_size());
    StoreMatrix(args_.covariance, index_, moments.covariance, kDof);
  }

  void WriteModeMoments() const {
    const propnp_tensor& mean = args_.mode_mean;
    const propnp_tensor& covariance = args_.mode_moment_covariance;
    for (int rank = 0; rank < PROPNP_MAX_MODES; ++rank) {
      if (!HasRow(mean, rank) && !HasRow(covariance, rank)) return;
      Moments moments = {};
      if (!posterior_.failed && rank < posterior_.num_modes) MomentsOfBasin(rank, &moments);
      StoreRowOf(mean, index_, rank, moments.mean, problem_.pose_size());
      StoreMatrixOf(covariance, index_, rank, moments.covariance, kDof);
    }
  }

  // A basin in which no draw has ended keeps its mode and no extent.
  void MomentsOfBasin(int rank, Moments* moments) const {
    const PosteriorMode<kDof>& mode = ModeInOrder(rank);
    const BasinDraws& basins = *posterior_.basins;
    if (basins.count == 0 && rank == 0) {
      ComputeMoments(posterior_.dof, samples_, mode.pose, moments);
      return;
    }
    double poses[7 * kDescents], weights[kDescents];
    int count = 0;
    for (int k = 0; k < basins.count; ++k) {
      if (basins.mode[k] != posterior_.mode_order[rank]) continue;
      posterior_.symmetries.Nearest(mode.pose, posterior_.samples.pose + 7 * basins.sample[k],
                                    poses + 7 * count++);
    }
    std::fill(weights, weights + count, 1.0 / std::max(count, 1));
    ComputeMoments(posterior_.dof, {poses, weights, count}, mode.pose, moments);
  }

  void WriteQuantiles() const {
    const propnp_tensor& out = args_.quantiles;
    if (!IsGiven(out)) return;
    const int64_t count = posterior_.samples.count;
    if (!posterior_.failed) FillSteps(count);
    for (int i = 0; i < kDof; ++i) {
      const WeightedDistribution distribution(scratch_.steps + i * count, posterior_.samples.weight,
                                              posterior_.failed ? 0 : count, scratch_.order,
                                              scratch_.cumulative);
      for (int64_t q = 0; q < out.shape[1]; ++q) {
        Store(out, index_ * out.stride[0] + q * out.stride[1] + i * out.stride[2],
              distribution.Quantile(LoadAt<double>(args_.quantile_levels, q)));
      }
    }
  }

  // One column a coordinate.
  void FillSteps(int64_t count) const {
    double step[kDof];
    for (int64_t s = 0; s < count; ++s) {
      step_between(posterior_.dof, ModeInOrder(0).pose, samples_.pose + 7 * s, step);
      for (int i = 0; i < kDof; ++i) scratch_.steps[i * count + s] = step[i];
    }
  }

  // The share p of the mass with the highest density lies above the density's quantile 1 - p, which
  // is the cost's quantile p.
  void WriteRegions() const {
    const propnp_tensor& out = args_.region_log_density;
    if (!IsGiven(out)) return;
    const WeightedDistribution distribution(posterior_.cost, posterior_.samples.weight,
                                            posterior_.failed ? 0 : posterior_.samples.count,
                                            scratch_.order, scratch_.cumulative);
    for (int64_t r = 0; r < out.shape[1]; ++r) {
      const double cost = distribution.Quantile(LoadAt<double>(args_.region_shares, r));
      Store(out, index_ * out.stride[0] + r * out.stride[1],
            posterior_.failed ? 0 : -cost - posterior_.log_evidence);
    }
  }

  void WriteDraws() const {
    const propnp_tensor& out = args_.draws;
    if (!IsGiven(out)) return;
    constexpr double kZeros[7] = {};
    const propnp_sample_options& options = *args_.options;
    const uint64_t seed = options.seed_pointer ? *options.seed_pointer : options.seed;
    if (!posterior_.failed) {
      DrawPoses(posterior_.samples.weight, posterior_.samples.count, seed,
                problem_.ObjectId(index_), out.shape[1], scratch_.chosen);
    }
    for (int64_t k = 0; k < out.shape[1]; ++k) {
      const double* pose =
          posterior_.failed ? kZeros : posterior_.samples.pose + 7 * scratch_.chosen[k];
      for (int i = 0; i < problem_.pose_size(); ++i) {
        Store(out, index_ * out.stride[0] + k * out.stride[1] + i * out.stride[2], pose[i]);
      }
    }
  }

  const Problem& problem_;
  const propnp_sample_args& args_;
  const int64_t index_;
  const SampledPosterior<kDof>& posterior_;
  const SummaryScratch& scratch_;
  WeightedPoses samples_;  // of moments and quantiles: folded
};

}  // namespace

SummaryScratch SummaryScratch::Allocate(const Problem& problem, const propnp_sample_args& args,
                                        Arena* arena) {
  const int64_t s = args.options->num_samples;
  SummaryScratch scratch = {};
  if (IsGiven(args.quantiles)) scratch.steps = arena->Take<double>(s * problem.dof());
  if (IsGiven(args.quantiles) || IsGiven(args.region_log_density)) {
    scratch.order = arena->Take<int32_t>(s);
    scratch.cumulative = arena->Take<double>(s);
  }
  if (args.symmetries && SummariesNeedModes(args)) scratch.folded = arena->Take<double>(s * 7);
  if (IsGiven(args.draws)) scratch.chosen = arena->Take<int32_t>(args.draws.shape[1]);
  return scratch;
}

Status CheckSummaries(const Problem& problem, const propnp_sample_args& a) {
  const int64_t b = problem.num_objects, d = problem.dof(), p = problem.pose_size();
  PROPNP_RETURN_IF_ERROR(CheckTensor("stages", a.stages, {b}, true, PROPNP_INT32));
  PROPNP_RETURN_IF_ERROR(CheckTensor("mean_pose", a.mean_pose, {b, p}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("covariance", a.covariance, {b, d, d}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("mode_mean", a.mode_mean, {b, -1, p}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("mode_moment_covariance", a.mode_moment_covariance, {b, -1, d, d}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckLevels(problem, "quantile_levels", a.quantile_levels, "quantiles", a.quantiles));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("quantiles", a.quantiles, {b, a.quantile_levels.shape[0], d}, true));
  PROPNP_RETURN_IF_ERROR(CheckLevels(problem, "region_shares", a.region_shares,
                                     "region_log_density", a.region_log_density));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("region_log_density", a.region_log_density, {b, a.region_shares.shape[0]}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("draws", a.draws, {b, -1, p}, true));
  if (IsGiven(a.draws) && a.draws.shape[1] > std::numeric_limits<int32_t>::max()) {
    return Status::InvalidArgument("draws has shape " + ShapeString(a.draws) +
                                   ", expected at most 2147483647 an object");
  }
  return Status();
}

template <int kDof>
void StoreSummaries(const Problem& problem, const propnp_sample_args& args, int64_t index,
                    const SampledPosterior<kDof>& posterior, const SummaryScratch& scratch) {
  SummaryWriter<kDof>(problem, args, index, posterior, scratch).Write();
}

template void StoreSummaries(const Problem&, const propnp_sample_args&, int64_t,
                             const SampledPosterior<6>&, const SummaryScratch&);
template void StoreSummaries(const Problem&, const propnp_sample_args&, int64_t,
                             const SampledPosterior<4>&, const SummaryScratch&);

}  // namespace propnp
