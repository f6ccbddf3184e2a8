// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// How the posteriors' mass divides among their modes, as engine/mode_masses.h: a block an object.
#include "cuda_sampler/call.h"
#include "cuda_sampler/sampler_state.h"
#include "cuda_sampler/team_cost.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 64;
constexpr int kPairs = PROPNP_MAX_MODES * PROPNP_MAX_MODES;

template <int kDof>
class MassDivider {
 public:
  // In shared memory.
  struct Scratch {
    double distance[kPairs];
    int32_t representative[PROPNP_MAX_MODES];
  };

  PROPNP_DEVICE MassDivider(const SamplerArgs<kDof>& args, int64_t local, Scratch* scratch)
      : args_(args), local_(local), state_(args.memory.states[local]), scratch_(*scratch) {}

  PROPNP_DEVICE void Run() {
    if (thread_index() == 0) {
      Count();
      state_.num_reported = state_.num_modes;
      for (int m = 0; m < state_.num_modes; ++m) state_.mode_order[m] = m;
      Sort();
    }
    block_barrier();
    DeviceObject<double> object;
    object.Resume(*args_.inputs, args_.Index(local_), state_.z_min, state_.delta);
    const auto dof = GetDof(object, std::integral_constant<int, kDof>());
    const ObjectSymmetries<kDof> symmetries = args_.SymmetriesOf(local_, dof);
    if (!symmetries.empty()) Fold(symmetries, dof);
  }

 private:
  // Probabilities, from where the descents ended.
  PROPNP_DEVICE void Count() {
    for (int m = 0; m < state_.num_modes; ++m) state_.mode_probability[m] = 0;
    state_.num_basin_samples = 0;
    if (!args_.wants_modes) return;
    if (state_.mode_count <= 1) {
      state_.mode_probability[OnlyMode()] = 1;
      return;
    }
    state_.num_basin_samples = kDescents;
    const int64_t first = local_ * args_.memory.num_samples;
    for (int k = 0; k < kDescents; ++k) {
      const int64_t s = first + state_.basin_samples[k];
      state_.mode_probability[state_.basins[k]] +=
          args_.memory.gradient_weight[s] / args_.memory.plain_weight[s];
    }
    normalize_masses(state_.num_modes, state_.mode_probability);
  }

  // All descents end in the one minimum there is; if there is none, in the mode of lowest cost.
  PROPNP_DEVICE int OnlyMode() const {
    for (int m = 0; m < state_.num_modes; ++m) {
      if (state_.modes[m].converged) return m;
    }
    return 0;
  }

  // Most probable first, of equals that of lowest cost; what is sorted already stays in order.
  PROPNP_DEVICE void Sort() {
    const double* const probability = state_.mode_probability;
    int32_t* const order = state_.mode_order;
    for (int k = 1; k < state_.num_reported; ++k) {
      const int32_t m = order[k];
      int place = k;
      for (; place > 0 && probability[order[place - 1]] < probability[m]; --place) {
        order[place] = order[place - 1];
      }
      order[place] = m;
    }
  }

  // Leaves one mode of those that are equal up to a symmetry of the object.
  PROPNP_DEVICE void Fold(const ObjectSymmetries<kDof>& symmetries, const DofPolicy<kDof>& dof) {
    const PosteriorMode<kDof>* const modes = state_.modes;
    const int count = state_.num_modes;
    for (int pair = thread_index(); pair < count * count; pair += block_size()) {
      const int n = pair / count, m = pair % count;
      if (n != m) scratch_.distance[pair] = symmetries.DistanceToImage(modes[n], modes[m]);
    }
    block_barrier();
    if (thread_index() == 0) {
      const bool has_target = IsGiven(args_.pose_target);
      FoldModes(
          dof, modes, count, [&](int n, int m) { return scratch_.distance[n * count + m]; },
          has_target ? state_.target : modes[state_.mode_order[0]].pose, scratch_.representative);
      KeepRepresentatives();
      Sort();
    }
    block_barrier();
    for (int k = thread_index(); k < state_.num_basin_samples; k += block_size()) {
      state_.basins[k] = scratch_.representative[state_.basins[k]];
    }
  }

  PROPNP_DEVICE void KeepRepresentatives() {
    state_.num_reported = state_.mode_count = 0;
    for (int m = 0; m < state_.num_modes; ++m) {
      const int of_group = scratch_.representative[m];
      if (of_group == m) {
        state_.mode_order[state_.num_reported++] = m;
        state_.mode_count += state_.modes[m].converged;
      } else {
        state_.mode_probability[of_group] += state_.mode_probability[m];
      }
    }
  }

  const SamplerArgs<kDof>& args_;
  const int64_t local_;
  ObjectState<kDof>& state_;
  Scratch& scratch_;
};

template <int kDof>
PROPNP_KERNEL(kThreads)
MassKernel(PROPNP_ARGUMENT SamplerArgs<kDof> args) {
  using Scratch = typename MassDivider<kDof>::Scratch;
  const int64_t local = block_index();
  if (args.memory.states[local].status & PROPNP_STATUS_FAILED) return;
  MassDivider<kDof>(args, local, reinterpret_cast<Scratch*>(shared_memory())).Run();
}

}  // namespace

template <int kDof>
void DivideMass(const SamplerArgs<kDof>& args, Queue* queue) {
  queue->Launch("divide mass among modes", MassKernel<kDof>, args.slice.count, kThreads,
                sizeof(typename MassDivider<kDof>::Scratch), args);
}

template void DivideMass(const SamplerArgs<6>&, Queue*);
template void DivideMass(const SamplerArgs<4>&, Queue*);

}  // namespace propnp::gpu
