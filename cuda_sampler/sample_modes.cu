// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The modes of the posteriors: a block an object, a warp a descent. All seeds go down to a minimum
// at once; which of them count is then decided one after the other, as on the CPU.
#include <cmath>

#include "cuda_sampler/call.h"
#include "cuda_sampler/pick_starts.h"
#include "cuda_sampler/sampler_state.h"
#include "propnp/engine/levenberg_marquardt.h"
#include "propnp/engine/load_pose.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarpSize;

struct Candidate {
  double pose[7];
  double cost;
};

// In shared memory.
struct Candidates {
  Candidate seeds[PROPNP_MAX_MODES];     // after a few steps on all points
  Candidate polished[PROPNP_MAX_MODES];  // at their own minima
  int order[PROPNP_MAX_MODES];           // of seeds, lowest cost first
  int count;
};

template <int kDof>
class ModeFinder {
 public:
  using Cost = TeamCost<kDof, double, WarpTeam>;

  PROPNP_DEVICE ModeFinder(const SamplerArgs<kDof>& args, int64_t local,
                           const DeviceObject<double>& object, Candidates* candidates)
      : args_(args),
        local_(local),
        cost_(*args.inputs, object, team_),
        state_(args.memory.states[local]),
        candidates_(*candidates) {
    control_ = StepControlOf(args.start_options);
  }

  // All threads of the block together. Fills the state's modes.
  PROPNP_DEVICE void Run() {
    const Vec3<double> pivot = WeightedCentroid();
    if (Warp() == 0) PickSeeds();
    block_barrier();
    int kept = 0;
    if (args_.options.method == PROPNP_SAMPLER_AMIS) {
      if (Warp() == 0) kept = KeepBestStart(pivot);
    } else {
      control_.tolerance = kModeTolerance;
      DescendSeeds();
      if (Warp() == 0) kept = Select(pivot);
    }
    block_barrier();  // the other lanes have looked at the modes, too
    if (thread_index() == 0) Finish(kept, pivot);
  }

 private:
  PROPNP_DEVICE static int Warp() { return thread_index() / kWarpSize; }

  // The pivot of the charts: the centroid of the points, weighted relative to the largest weight.
  PROPNP_DEVICE Vec3<double> WeightedCentroid() const {
    const DeviceObject<double>& object = cost_.object();
    const DeviceInputs<double>& in = cost_.inputs();
    const Vec3<double> origin = object.FirstView(in).x3d(0);
    double largest = 0, sum = 0;
    Vec3<double> mean{0, 0, 0};
    object.ForEachView(in, [&](const DeviceView<double>& view, int64_t, int64_t) {
      for (int64_t i = team_.rank(); i < view.num_points(); i += team_.size()) {
        largest = max(largest, view.mean_weight_of(view.weight(i)));
      }
    });
    largest = team_.max(largest);
    if (!(largest > 0)) return mean;
    object.ForEachView(in, [&](const DeviceView<double>& view, int64_t, int64_t) {
      for (int64_t i = team_.rank(); i < view.num_points(); i += team_.size()) {
        const double w = view.mean_weight_of(view.weight(i)) / largest;
        sum += w;
        mean = mean + w * (view.x3d(i) - origin);
      }
    });
    sum = team_.sum(sum);
    mean = {team_.sum(mean.x), team_.sum(mean.y), team_.sum(mean.z)};
    return origin + (1 / sum) * mean;
  }

  PROPNP_DEVICE void PickSeeds() {
    StartList<kDof, double> list(args_.starts.poses + local_ * args_.starts.stride,
                                 args_.starts.num_starts);
    const PriorDensity<double>& prior = cost_.object().prior;
    if (prior.kind == PriorKind::kPose) {
      list.Add(prior.pose.mean, cost_.Cost(prior.pose.mean), team_);
    }
    if (IsGiven(args_.pose_target)) list.Add(state_.target, cost_.Cost(state_.target), team_);
    StartPose<double> start;
    double lowest = 0;
    int count = 0;
    for (; count < PROPNP_MAX_MODES && list.Take(team_, &start); ++count) {
      if (count == 0) lowest = start.cost;
      if (!may_lead_to_mode(start.cost, lowest)) break;
      Store(start.pose, start.cost, &candidates_.seeds[count]);
    }
    if (team_.rank() == 0) candidates_.count = count;
  }

  PROPNP_DEVICE void Store(const double* pose, double cost, Candidate* to) const {
    if (team_.rank() != 0) return;
    for (int k = 0; k < 7; ++k) to->pose[k] = pose[k];
    to->cost = cost;
  }

  PROPNP_DEVICE void Descend(const Candidate& from, int steps, Candidate* to) const {
    double pose[7];
    for (int k = 0; k < 7; ++k) pose[k] = from.pose[k];
    const RefineOutcome outcome = DampedRefinement<Cost>(cost_, control_).refine(steps, pose);
    team_.barrier();
    Store(pose, outcome.finite ? outcome.cost_after : std::numeric_limits<double>::infinity(), to);
  }

  // All warps: a few steps for every seed, then those that may count to their own minima.
  PROPNP_DEVICE void DescendSeeds() {
    const int count = candidates_.count;
    for (int m = Warp(); m < count; m += kWarps) {
      Descend(candidates_.seeds[m], kSeedSteps, &candidates_.seeds[m]);
    }
    block_barrier();
    if (thread_index() == 0) SortSeeds(count);
    block_barrier();
    // On with the radius that so many good steps leave.
    for (int k = 0; k < kSeedSteps; ++k) control_.initial_radius *= 3;
    control_.initial_radius = min(control_.initial_radius, control_.max_radius);
    for (int k = Warp(); k < count; k += kWarps) {
      const int m = candidates_.order[k];
      if (!MayCount(m, LowestSeed())) continue;
      Descend(candidates_.seeds[m], kPolishSteps, &candidates_.polished[m]);
    }
    block_barrier();
  }

  PROPNP_DEVICE double LowestSeed() const { return candidates_.seeds[candidates_.order[0]].cost; }

  PROPNP_DEVICE bool MayCount(int m, double lowest) const {
    return candidates_.seeds[m].cost <= lowest + kMaxCostGap;
  }

  PROPNP_DEVICE void SortSeeds(int count) {
    for (int m = 0; m < count; ++m) {
      int place = m;
      for (; place > 0 &&
             candidates_.seeds[m].cost < candidates_.seeds[candidates_.order[place - 1]].cost;
           --place) {
        candidates_.order[place] = candidates_.order[place - 1];
      }
      candidates_.order[place] = m;
    }
  }

  PROPNP_DEVICE static void Load(const Candidate& from, PosteriorMode<kDof>* mode) {
    for (int k = 0; k < 7; ++k) mode->pose[k] = from.pose[k];
    mode->cost = from.cost;
  }

  // One warp: a seed that has come near a mode was on its way there; the others have a minimum of
  // their own.
  PROPNP_DEVICE int Select(const Vec3<double>& pivot) {
    int kept = 0;
    for (int k = 0; k < candidates_.count; ++k) {
      const int m = candidates_.order[k];
      const double lowest = kept > 0 ? state_.modes[0].cost : LowestSeed();
      if (!MayCount(m, lowest) ||
          is_near(cost_.dof(), state_.modes, kept, candidates_.seeds[m].pose)) {
        continue;
      }
      PosteriorMode<kDof> mode = {};
      Load(candidates_.polished[m], &mode);
      if (is_near(cost_.dof(), state_.modes, kept, mode.pose)) {
        Load(candidates_.seeds[m], &mode);
        if (!is_unexpectedly_low(cost_.dof(), state_.modes, kept, mode)) continue;
      }
      kept += Keep(pivot, kept, &mode);
    }
    return kept;
  }

  PROPNP_DEVICE int KeepBestStart(const Vec3<double>& pivot) {
    if (candidates_.count == 0) return 0;
    PosteriorMode<kDof> mode = {};
    Load(candidates_.seeds[0], &mode);
    const RefineOutcome outcome = DampedRefinement<Cost>(cost_, control_)
                                      .refine(args_.start_options.max_iterations, mode.pose);
    mode.cost = outcome.finite ? outcome.cost_after : std::numeric_limits<double>::infinity();
    return Keep(pivot, 0, &mode);
  }

  // Gives the mode its shape and writes it down; 0 if it has none.
  PROPNP_DEVICE int Keep(const Vec3<double>& pivot, int place, PosteriorMode<kDof>* mode) {
    if (!std::isfinite(mode->cost) || !set_shape(cost_, pivot, cost_.object().z_min, mode)) {
      return 0;
    }
    team_.barrier();
    if (team_.rank() == 0) state_.modes[place] = *mode;
    team_.barrier();
    return 1;
  }

  // One thread: modes in order of cost.
  PROPNP_DEVICE void Finish(int kept, const Vec3<double>& pivot) {
    PosteriorMode<kDof>* const modes = state_.modes;
    for (int m = 1; m < kept; ++m) {
      const PosteriorMode<kDof> mode = modes[m];
      int place = m;
      for (; place > 0 && mode.cost < modes[place - 1].cost; --place) {
        modes[place] = modes[place - 1];
      }
      modes[place] = mode;
    }
    while (kept > 1 && !(modes[kept - 1].cost <= modes[0].cost + kMaxCostGap)) --kept;
    state_.num_modes = kept;
    state_.mode_count = 0;
    for (int m = 0; m < kept; ++m) state_.mode_count += modes[m].converged;
    if (kept == 0) state_.status |= PROPNP_STATUS_NON_FINITE_INPUT;

    BaseSet& bases = args_.memory.bases[local_];
    bases.active = kept > 0;
    bases.num_bases = kept;
    bases.with_target = args_.loss_gradient;
    for (int k = 0; k < 7; ++k) bases.target[k] = state_.target[k];
    bases.pivot = pivot;
    bases.z_min = cost_.object().z_min;
    bases.delta = cost_.object().loss.delta;
    for (int m = 0; m < kept; ++m) {
      for (int k = 0; k < 7; ++k) bases.pose[m][k] = modes[m].pose[k];
    }
  }

  const SamplerArgs<kDof>& args_;
  const int64_t local_;
  const WarpTeam team_;
  const Cost cost_;
  ObjectState<kDof>& state_;
  Candidates& candidates_;
  StepControl control_;
};

template <int kDof>
PROPNP_KERNEL(kThreads)
ModesKernel(PROPNP_ARGUMENT SamplerArgs<kDof> args) {
  const int64_t local = block_index(), index = args.Index(local);
  const DeviceInputs<double>& in = *args.inputs;
  ObjectState<kDof>& state = args.memory.states[local];
  DeviceObject<double> object;
  object.Load(in, index, WarpTeam());
  uint32_t status = object.status;
  double target[7] = {};
  if (IsGiven(args.pose_target) && !LoadPose<kDof>(args.pose_target, index, target)) {
    status |= PROPNP_STATUS_NON_FINITE_INPUT;
  }
  if (args.has_symmetries && !SymmetriesAreValid(args.symmetries, index)) {
    status |= PROPNP_STATUS_NON_FINITE_INPUT;
  }
  if (thread_index() == 0) {
    args.memory.bases[local].active = 0;
    args.memory.bases[local].num_bases = 0;
    state.status = status;
    state.num_modes = state.mode_count = state.stage = state.wants_refit = 0;
    state.log_evidence = state.relative_variance = state.ess = state.khat = 0;
    state.z_min = object.z_min;
    state.delta = object.loss.delta;
    for (int k = 0; k < 7; ++k) state.target[k] = target[k];
  }
  block_barrier();
  if (status != 0) return;
  Candidates* const candidates = reinterpret_cast<Candidates*>(shared_memory());
  ModeFinder<kDof>(args, local, object, candidates).Run();
}

// A warp a descent. Those of an object start from samples that resample it systematically: the k-th
// where the cumulative weight, which lies in the scratch, passes (k + 1/2) / kDescents.
template <int kDof>
PROPNP_KERNEL(kThreads)
DescentKernel(PROPNP_ARGUMENT SamplerArgs<kDof> args) {
  const WarpTeam team;
  const int64_t i = block_index() * kWarps + thread_index() / kWarpSize;
  const int64_t local = i / kDescents;
  const int descent = static_cast<int>(i % kDescents);
  if (local >= args.slice.count) return;
  ObjectState<kDof>& state = args.memory.states[local];
  if ((state.status & PROPNP_STATUS_FAILED) || state.mode_count <= 1) return;
  const SampleMemory<kDof>& m = args.memory;
  const double* const cumulative = m.scratch + local * m.sort_size;
  int64_t low = 0, high = m.num_samples - 1;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (cumulative[middle] * kDescents >= descent + 0.5) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  DeviceObject<double> object;
  object.Resume(*args.inputs, args.Index(local), state.z_min, state.delta);
  const TeamCost<kDof, double, WarpTeam> cost(*args.inputs, object, team);
  const int mode =
      descend_to_mode(cost, StepControlOf(args.start_options),
                      m.pose + (local * m.num_samples + low) * 7, state.modes, state.num_modes);
  if (team.rank() != 0) return;
  state.basins[descent] = mode;
  state.basin_samples[descent] = static_cast<int32_t>(low);
}

}  // namespace

template <int kDof>
void FindModes(const SamplerArgs<kDof>& args, Queue* queue) {
  queue->Launch("find modes", ModesKernel<kDof>, args.slice.count, kThreads, sizeof(Candidates),
                args);
}

template <int kDof>
void DescendToModes(const SamplerArgs<kDof>& args, Queue* queue) {
  queue->Launch("descend to modes", DescentKernel<kDof>,
                DivideUp(args.slice.count * kDescents, kWarps), kThreads, 0, args);
}

#define PROPNP_INSTANTIATE(kDof)                             \
  template void FindModes(const SamplerArgs<kDof>&, Queue*); \
  template void DescendToModes(const SamplerArgs<kDof>&, Queue*)
PROPNP_INSTANTIATE(6);
PROPNP_INSTANTIATE(4);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
