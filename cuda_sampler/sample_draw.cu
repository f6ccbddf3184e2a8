// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Draws from the mixture proposals: a block an object. Samples are ordered by mode, component and
// number, as on the CPU, from the same random words.
#include <cmath>

#include "cuda_sampler/call.h"
#include "cuda_sampler/sampler_state.h"
#include "cuda_sampler/team_cost.h"
#include "propnp/math/quantile.h"
#include "propnp/math/sobol.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;
constexpr int kChoiceWord = 7, kChiSquareWord = 6;

// The random words of an object's samples.
class SampleWords {
 public:
  PROPNP_DEVICE SampleWords(int32_t method, uint64_t seed, int stage, uint64_t object_id)
      : seed_(seed + 0x9E3779B97F4A7C15u * static_cast<uint64_t>(stage)),
        object_id_(object_id),
        quasi_(method != PROPNP_SAMPLER_MIXTURE_MC) {
    if (quasi_) scramble_ = sobol_scramble(seed_, object_id);
  }

  PROPNP_DEVICE uint32_t operator()(int64_t sample, int dimension) const {
    const auto s = static_cast<uint32_t>(sample);
    if (quasi_) return scrambled_sobol_word(s, dimension, scramble_);
    const PhiloxWords words = random_words(seed_, object_id_, RandomPurpose::kSample,
                                           2 * s + static_cast<uint32_t>(dimension / 4));
    return words.word[dimension % 4];
  }

 private:
  uint64_t seed_, object_id_;
  bool quasi_;
  SobolScramble scramble_;
};

// In shared memory.
struct Counts {
  int32_t next[kMaxComponents][kThreads];  // of each thread's run of samples
  int32_t total[kMaxComponents];
  int32_t begin[kMaxComponents];
};

template <int kDof>
class Drawer {
 public:
  PROPNP_DEVICE Drawer(const SamplerArgs<kDof>& args, int64_t local, Counts* counts)
      : args_(args),
        memory_(args.memory),
        local_(local),
        state_(args.memory.states[local]),
        counts_(*counts),
        words_(args.options.method, args.seed(), state_.stage,
               args.inputs->problem.ObjectId(args.Index(local))) {
    const int64_t run = DivideUp(memory_.num_samples, kThreads);
    begin_ = min(run * thread_index(), memory_.num_samples);
    end_ = min(begin_ + run, memory_.num_samples);
  }

  PROPNP_DEVICE void Run() {
    if (thread_index() == 0) {
      state_.log_density_offset =
          export_components(state_.components, state_.num_components, state_.exported);
    }
    Choose();
    Place();
    for (int64_t s = begin_; s < end_; ++s) Draw(s);
  }

 private:
  // Every thread counts the components that its samples choose.
  PROPNP_DEVICE void Choose() {
    for (int k = 0; k < state_.num_components; ++k) counts_.next[k][thread_index()] = 0;
    for (int64_t s = begin_; s < end_; ++s) {
      const auto choice = choose_component(state_.components, state_.num_components,
                                           uniform_from_word(words_(s, kChoiceWord)));
      const auto component = static_cast<int32_t>(choice.component);
      memory_.choice[local_ * memory_.num_samples + s] = 2 * component + choice.defensive;
      ++counts_.next[component][thread_index()];
    }
    block_barrier();
  }

  // From counts to the places where each thread's samples of each component begin.
  PROPNP_DEVICE void Place() {
    for (int k = thread_index(); k < state_.num_components; k += kThreads) {
      int32_t sum = 0;
      for (int t = 0; t < kThreads; ++t) {
        const int32_t count = counts_.next[k][t];
        counts_.next[k][t] = sum;
        sum += count;
      }
      counts_.total[k] = sum;
    }
    block_barrier();
    if (thread_index() == 0) {
      BaseSet& bases = memory_.bases[local_];
      int32_t slot = 0;
      for (int mode = 0; mode < state_.num_modes; ++mode) {
        bases.begin[mode] = slot;
        for (int k = 0; k < state_.num_components; ++k) {
          if (state_.components[k].mode != mode) continue;
          counts_.begin[k] = slot;
          slot += counts_.total[k];
        }
      }
      bases.begin[state_.num_modes] = slot;
    }
    block_barrier();
  }

  PROPNP_DEVICE void Draw(int64_t s) {
    const int64_t first = local_ * memory_.num_samples;
    const int32_t choice = memory_.choice[first + s];
    const int component = choice / 2;
    const bool defensive = choice % 2 != 0;
    const int64_t slot =
        first + counts_.begin[component] + counts_.next[component][thread_index()]++;
    double xi[kDof];
    DrawXi(s, state_.exported[component], defensive, xi);
    for (int k = 0; k < kDof; ++k) memory_.xi[slot * kDof + k] = xi[k];

    const int mode = state_.components[component].mode;
    const auto& chart = state_.modes[mode].chart;
    chart.pose_from(xi, memory_.pose + slot * 7);
    const PivotDisplacement<double> moved = chart.displacement(xi);
    memory_.SetDisplacement(slot, rotation_minus_identity_from_cayley(moved.theta), moved.shift);
    memory_.log_density[slot] = LogDensity(mode, xi);
  }

  PROPNP_DEVICE void DrawXi(int64_t s, const KernelComponent& c, bool defensive, double* xi) const {
    float normal[kDof];
    for (int k = 0; k < kDof; ++k) {
      normal[k] = normal_quantile(symmetric_uniform<float>(words_(s, k)));
    }
    const float chi_square =
        chi_square_4_quantile(symmetric_uniform<float>(words_(s, kChiSquareWord)));
    const double scale = (defensive ? kDefensiveScale : kProposalScale) *
                         sqrt(kProposalNu / static_cast<double>(chi_square));
    for (int i = 0, entry = 0; i < kDof; ++i) {
      double sum = 0;
      for (int j = 0; j <= i; ++j, ++entry) sum += c.lower[entry] * static_cast<double>(normal[j]);
      xi[i] = c.mean[i] + scale * sum;
    }
    if (!defensive) state_.modes[c.mode].chart.linear_from_depth(xi, xi);
  }

  // Of the whole proposal at a sample that was drawn in the chart of `mode`.
  PROPNP_DEVICE double LogDensity(int mode, const double* xi) const {
    double total = 0;
    for (int m = 0; m < state_.num_modes; ++m) {
      double other[kDof], v[kDof], inverse_e;
      for (int k = 0; k < kDof; ++k) other[k] = xi[k];
      if (m != mode) state_.modes[mode].chart.to_other(xi, state_.modes[m].chart, other);
      for (int k = 3; k < kDof; ++k) v[k] = other[k];
      const bool in_front = state_.modes[m].chart.depth_from_linear(other, v, &inverse_e);
      const double inverse_e3 = in_front ? inverse_e * inverse_e * inverse_e : 0;
      double sum = 0;
      for (int k = 0; k < state_.num_components; ++k) {
        if (state_.exported[k].mode != m) continue;
        sum += component_density<kDof>(state_.exported[k], other, v, inverse_e3);
      }
      total += sum * state_.modes[m].chart.factor(other);
    }
    return std::log(total) + state_.log_density_offset;
  }

  const SamplerArgs<kDof>& args_;
  const SampleMemory<kDof>& memory_;
  const int64_t local_;
  ObjectState<kDof>& state_;
  Counts& counts_;
  const SampleWords words_;
  int64_t begin_, end_;
};

template <int kDof>
PROPNP_KERNEL(kThreads)
DrawKernel(SamplerArgs<kDof> args) {
  const int64_t local = args.list.Member(block_index());
  if (local < 0) return;
  ObjectState<kDof>& state = args.memory.states[local];
  if (state.status & PROPNP_STATUS_FAILED) return;
  if (state.stage == 0 && thread_index() == 0) {
    first_components(state.modes, state.num_modes, state.components);
    state.num_components = state.num_modes;
  }
  block_barrier();
  Drawer<kDof>(args, local, reinterpret_cast<Counts*>(shared_memory())).Run();
}

}  // namespace

template <int kDof>
void DrawSamples(const SamplerArgs<kDof>& args, Queue* queue) {
  queue->Launch("draw samples", DrawKernel<kDof>, args.slice.count, kThreads, sizeof(Counts), args);
}

#define PROPNP_INSTANTIATE(kDof) template void DrawSamples(const SamplerArgs<kDof>&, Queue*)
PROPNP_INSTANTIATE(6);
PROPNP_INSTANTIATE(4);
#undef PROPNP_INSTANTIATE

}  // namespace propnp::gpu
