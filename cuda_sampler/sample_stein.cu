// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Stein control variates (engine/stein_variates.h) of the gradient's weights: a block an object. A
// sample's columns are computed where they are needed and never stored: once for the normal
// matrix, once for the weights.
#include "cuda_sampler/block_least_squares.h"
#include "cuda_sampler/block_normal_matrix.h"
#include "cuda_sampler/block_worker.h"
#include "cuda_sampler/call.h"
#include "cuda_sampler/sampler_state.h"
#include "cuda_sampler/team_cost.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 256;

template <int kDof>
class SteinCorrector {
  static constexpr int kMaxColumns = SteinModes<kDof>::kMaxColumns;

 public:
  // In shared memory.
  struct Scratch {
    ColumnTile<kMaxColumns> tile;
    double means[kMaxColumns], solution[kMaxColumns];
    FactorScratch<kMaxColumns> factor;
    SteinModes<kDof> modes;
    int32_t usable;
  };

  PROPNP_DEVICE SteinCorrector(const SamplerArgs<kDof>& args, int64_t local, const BlockTeam& team,
                               Scratch* scratch)
      : args_(args),
        memory_(args.memory),
        local_(local),
        first_(local * args.memory.num_samples),
        count_(args.memory.num_samples),
        state_(args.memory.states[local]),
        team_(team),
        s_(*scratch) {}

  PROPNP_DEVICE void Run() {
    DeviceObject<double> object;
    object.Resume(*args_.inputs, args_.Index(local_), state_.z_min, state_.delta);
    if (thread_index() == 0) s_.usable = ChooseFields(object);
    block_barrier();
    if (!s_.usable) return;
    FinishScores(object);
    if (Fit()) Correct();
  }

 private:
  // One thread.
  PROPNP_DEVICE bool ChooseFields(const DeviceObject<double>& object) const {
    return s_.modes.set(GetDof(object, std::integral_constant<int, kDof>()),
                        memory_.bases[local_].pivot, state_.modes, state_.num_modes) &&
           s_.modes.choose_degrees(state_.ess * static_cast<double>(count_),
                                   state_.relative_variance > kCubicSteinError * kCubicSteinError);
  }

  PROPNP_DEVICE double* Score(int64_t s) const { return memory_.score + kScore * (first_ + s); }
  PROPNP_DEVICE const double* Pose(int64_t s) const { return memory_.pose + 7 * (first_ + s); }
  PROPNP_DEVICE double PlainWeight(int64_t s) const { return memory_.plain_weight[first_ + s]; }

  // From the scores of the points to those of the posterior.
  PROPNP_DEVICE void FinishScores(const DeviceObject<double>& object) const {
    const auto dof = GetDof(object, std::integral_constant<int, kDof>());
    for (int64_t s = team_.rank(); s < count_; s += team_.size()) {
      double* const score = Score(s);
      double sum[kDof];
      score_from_points(dof, {score[0], score[1], score[2]}, {score[3], score[4], score[5]}, sum);
      if (object.prior.active() && PlainWeight(s) > 0) {
        add_prior_score(dof, object.prior, Pose(s), memory_.bases[local_].pivot, sum);
      }
      for (int i = 0; i < kDof; ++i) score[i] = sum[i];
    }
  }

  // The root of a sample's plain weight, in units of their mean.
  PROPNP_DEVICE double Root(int64_t s) const {
    return sqrt(PlainWeight(s) * static_cast<double>(count_));
  }

  // visit(column, value) of a sample, columns in order; without weight they are zero.
  template <typename Visit>
  PROPNP_DEVICE void ForEachColumn(int64_t s, const Visit& visit) const {
    int column = 0;
    if (PlainWeight(s) > 0) {
      s_.modes.visit_columns(Pose(s), Score(s), [&](double value) { visit(column++, value); });
    } else {
      while (column < s_.modes.num_columns()) visit(column++, 0.0);
    }
  }

  PROPNP_DEVICE bool Fit() const {
    const int n = s_.modes.num_columns(), modes = s_.modes.num_modes();
    double* const matrix = memory_.MatrixOf(local_);
    double masses[SteinModes<kDof>::kMaxModes] = {};
    BlockNormalMatrix<kMaxColumns, kThreads>(
        n, count_, matrix, &s_.tile,
        [&](int64_t s, int t) {
          const double root = Root(s), mass_weight = memory_.gradient_weight[first_ + s];
          ForEachColumn(s, [&](int i, double value) {
            s_.tile.columns[i][t] = root * value;
            if (i < modes) masses[i] += mass_weight * value;
          });
        },
        [](int) {});
    for (int m = 0; m < modes; ++m) masses[m] = team_.sum(masses[m]);
    if (thread_index() == 0) s_.modes.add_ridge(matrix);
    for (int i = thread_index(); i < n; i += kThreads) s_.means[i] = i < modes ? masses[i] : 0;
    block_barrier();
    BlockCholesky<kMaxColumns> cholesky;
    if (cholesky.Factorize(n, matrix, &s_.factor) <= modes) return false;
    cholesky.Solve(s_.means, s_.solution);
    return true;
  }

  // Leaves the weights as they are where the correction is so large that it cannot be trusted.
  PROPNP_DEVICE void Correct() const {
    double sum = 0, spread = 0;
    for (int64_t s = team_.rank(); s < count_; s += team_.size()) {
      double coefficient = 0;
      ForEachColumn(s, [&](int i, double value) { coefficient += s_.solution[i] * value; });
      coefficient *= Root(s);
      Score(s)[0] = coefficient * Root(s);  // in its place: nobody reads it again
      sum += Score(s)[0];
      spread += coefficient * coefficient * static_cast<double>(count_);
    }
    sum = team_.sum(sum);
    spread = team_.sum(spread);
    if (!(sum > 0 && spread < kMostSteinSpread * sum * sum)) return;
    for (int64_t s = team_.rank(); s < count_; s += team_.size()) {
      const double weight = Score(s)[0] / sum;
      memory_.gradient_weight[first_ + s] = weight;
      memory_.SetRecordWeight(first_ + s, -weight);
    }
  }

  const SamplerArgs<kDof>& args_;
  const SampleMemory<kDof>& memory_;
  const int64_t local_, first_, count_;
  const ObjectState<kDof>& state_;
  const BlockTeam team_;
  Scratch& s_;
};

template <int kDof>
PROPNP_KERNEL(kThreads)
SteinKernel(SamplerArgs<kDof> args) {
  const BaseSet& bases = args.memory.bases[block_index()];
  if (bases.active && bases.wants_scores) RunWorker<SteinCorrector<kDof>>(args, block_index());
}

}  // namespace

template <int kDof>
void CorrectGradientWeights(const SamplerArgs<kDof>& args, Queue* queue) {
  queue->Launch("correct gradient weights", SteinKernel<kDof>, args.slice.count, kThreads,
                SharedBytesOf<SteinCorrector<kDof>>(), args);
}

#define PROPNP_INSTANTIATE(kDof) \
  template void CorrectGradientWeights(const SamplerArgs<kDof>&, Queue*)
PROPNP_INSTANTIATE(6);
PROPNP_INSTANTIATE(4);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
