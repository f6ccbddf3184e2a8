// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/drawn_samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "propnp/math/philox.h"
#include "propnp/math/sobol.h"

namespace propnp {
namespace {

constexpr int kWords = kSobolDimensions;
constexpr int kChoiceWord = 7;

}  // namespace

template <int kDof>
DrawnSamples<kDof> DrawnSamples<kDof>::Allocate(int64_t num_samples, Arena* arena) {
  constexpr int kMaxComponents = MixtureProposal<kDof>::kMaxComponents;
  DrawnSamples d = {};
  d.num_samples_ = num_samples;
  const int64_t stride =
      (num_samples + kSamplePadding) / kSamplePadding * kSamplePadding + kSamplePadding;
  d.columns_.stride = stride;
  d.columns_.xi = arena->Take<double>(stride * kDof * PROPNP_MAX_MODES);
  d.columns_.log_density = arena->Take<double>(stride);
  d.pose_ = arena->Take<double>(num_samples * 7);
  d.charts_ = arena->Take<KernelChart>(PROPNP_MAX_MODES);
  d.components_ = arena->Take<KernelComponent>(kMaxComponents);
  d.words_ = arena->Take<uint32_t>(stride * kWords);
  d.normal_ = arena->Take<float>(stride * kDof);
  d.stretch_ = arena->Take<float>(stride);
  d.choice_ = arena->Take<int32_t>(num_samples);
  d.sorted_normal_ = arena->Take<float>(stride * kDof);
  d.scale_ = arena->Take<double>(stride);
  d.curved_ = arena->Take<double>(stride);
  return d;
}

template <int kDof>
void DrawnSamples<kDof>::Draw(const MixtureProposal<kDof>& proposal, const SampleStream& stream) {
  const ProposalKernels& kernels = GetProposalKernels();
  const int modes = proposal.num_modes(), components = proposal.num_components();
  FillWords(stream);
  kernels.fill_noise(kDof, words_, columns_.stride, num_samples_, normal_, columns_.stride,
                     stretch_);
  SortByComponent(proposal);
  proposal.ExportCharts(charts_);
  const double offset = proposal.ExportComponents(components_);
  const KernelNoise noise{sorted_normal_, scale_, curved_};
  // One mode after the other: a loop writes a little beyond its last sample.
  for (int m = 0, i = 0; m < modes; ++m) {
    for (; i < components && components_[component_order_[i]].mode == m; ++i) {
      kernels.draw(kDof, charts_[m], components_[component_order_[i]], noise, component_begin_[i],
                   component_begin_[i + 1], columns_);
    }
    kernels.to_other_charts(kDof, charts_, modes, m, mode_begin_[m], mode_begin_[m + 1], columns_);
  }
  drawn_modes_ = modes;
  kernels.log_density(kDof, charts_, modes, components_, components, num_samples_, columns_);
  for (int64_t s = 0; s < num_samples_; ++s) columns_.log_density[s] += offset;
}

template <int kDof>
void DrawnSamples<kDof>::FillPoses() {
  for (int m = 0; m < drawn_modes_; ++m) {
    GetProposalKernels().poses(kDof, charts_[m], m, mode_begin_[m], mode_begin_[m + 1], columns_,
                               pose_);
  }
  drawn_modes_ = 0;
}

template <int kDof>
void DrawnSamples<kDof>::Place(const PosteriorMode<kDof>* modes, int num_modes, int mode,
                               const DofPolicy<kDof>& dof, int64_t begin, int64_t end) {
  for (int64_t s = begin; s < end; ++s) {
    for (int m = 0; m < num_modes; ++m) {
      double xi[kDof];
      modes[m].chart.from_pose(dof, pose(s), xi);
      for (int k = 0; k < kDof; ++k) columns_.xi[(m * kDof + k) * columns_.stride + s] = xi[k];
    }
  }
  ExportChart(modes[mode], &charts_[mode]);
  mode_begin_[mode] = begin, mode_begin_[mode + 1] = end;
}

template <int kDof>
void DrawnSamples<kDof>::FillWords(const SampleStream& stream) {
  const uint64_t seed = stream.seed + 0x9E3779B97F4A7C15u * static_cast<uint64_t>(stream.stage);
  if (stream.method != PROPNP_SAMPLER_MIXTURE_MC) {
    const SobolScramble scramble = sobol_scramble(seed, stream.object_id);
    GetProposalKernels().fill_sobol(kDof, scramble.key, num_samples_, words_, columns_.stride);
    return;
  }
  for (int64_t s = 0; s < num_samples_; ++s) {
    for (int half = 0; half < 2; ++half) {
      const PhiloxWords random = random_words(seed, stream.object_id, RandomPurpose::kSample,
                                              static_cast<uint32_t>(2 * s + half));
      for (int i = 0; i < 4; ++i) words_[(4 * half + i) * columns_.stride + s] = random.word[i];
    }
  }
}

// Chooses every sample's component and puts its noise in the order of modes, then components.
template <int kDof>
void DrawnSamples<kDof>::SortByComponent(const MixtureProposal<kDof>& proposal) {
  const int components = proposal.num_components();
  int64_t count[MixtureProposal<kDof>::kMaxComponents] = {};
  for (int64_t s = 0; s < num_samples_; ++s) {
    const auto choice =
        proposal.Choose(uniform_from_word(words_[kChoiceWord * columns_.stride + s]));
    choice_[s] = 2 * choice.component + choice.defensive;
    ++count[choice.component];
  }
  std::iota(component_order_, component_order_ + components, 0);
  // A stable sort would allocate.
  std::sort(component_order_, component_order_ + components, [&](int a, int b) {
    const int first = proposal.component(a).mode, second = proposal.component(b).mode;
    return first < second || (first == second && a < b);
  });
  int64_t next[MixtureProposal<kDof>::kMaxComponents], slot = 0;
  for (int i = 0, mode = 0; i < components; ++i) {
    const int k = component_order_[i];
    while (mode <= proposal.component(k).mode) mode_begin_[mode++] = slot;
    next[k] = component_begin_[i] = slot;
    slot += count[k];
    if (i + 1 == components)
      std::fill(mode_begin_ + mode, mode_begin_ + proposal.num_modes() + 1, slot);
  }
  component_begin_[components] = slot;
  for (int64_t s = 0; s < num_samples_; ++s) {
    const bool defensive = choice_[s] & 1;
    const int64_t to = next[choice_[s] / 2]++;
    for (int d = 0; d < kDof; ++d) {
      sorted_normal_[d * columns_.stride + to] = normal_[d * columns_.stride + s];
    }
    scale_[to] = (defensive ? kDefensiveScale : kProposalScale) * static_cast<double>(stretch_[s]);
    curved_[to] = defensive ? 0 : 1;
  }
}

template class DrawnSamples<6>;
template class DrawnSamples<4>;

}  // namespace propnp
