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
  d.choice_.component = arena->Take<int32_t>(stride);
  d.choice_.scale = arena->Take<double>(stride);
  d.choice_.curved = arena->Take<double>(stride);
  d.sorted_normal_ = arena->Take<float>(stride * kDof);
  d.sorted_scale_ = arena->Take<double>(stride);
  d.sorted_curved_ = arena->Take<double>(stride);
  return d;
}

template <int kDof>
void DrawnSamples<kDof>::Draw(const MixtureProposal<kDof>& proposal, const SampleStream& stream) {
  const ProposalKernels& kernels = GetProposalKernels();
  const int modes = proposal.num_modes(), components = proposal.num_components();
  FillWords(stream);
  kernels.fill_noise(kDof, words_, columns_.stride, num_samples_, normal_, columns_.stride,
                     stretch_);
  Choose(proposal);
  CountComponents(proposal);
  const KernelNoise noise = SortByComponent(components);
  proposal.ExportCharts(charts_);
  const double log_scale = proposal.ExportComponents(components_);
  // One mode after the other: a loop writes a little beyond its last sample.
  for (int m = 0, i = 0; m < modes; ++m) {
    for (; i < components && components_[component_order_[i]].mode == m; ++i) {
      kernels.draw(kDof, charts_[m], components_[component_order_[i]], noise, component_begin_[i],
                   component_begin_[i + 1], columns_);
    }
    kernels.to_other_charts(kDof, charts_, modes, m, mode_begin_[m], mode_begin_[m + 1], columns_);
  }
  drawn_modes_ = modes;
  kernels.log_density(kDof, charts_, modes, components_, components, log_scale, num_samples_,
                      columns_);
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

template <int kDof>
void DrawnSamples<kDof>::Choose(const MixtureProposal<kDof>& proposal) {
  KernelShare shares[MixtureProposal<kDof>::kMaxComponents];
  for (int k = 0; k < proposal.num_components(); ++k) {
    shares[k] = {proposal.component(k).weight, proposal.component(k).defensive_share};
  }
  GetProposalKernels().choose(shares, proposal.num_components(),
                              words_ + kChoiceWord * columns_.stride, stretch_, num_samples_,
                              choice_);
}

// From the choices to where the samples of each mode and component begin, in the order of modes,
// then components.
template <int kDof>
void DrawnSamples<kDof>::CountComponents(const MixtureProposal<kDof>& proposal) {
  const int components = proposal.num_components();
  int64_t count[MixtureProposal<kDof>::kMaxComponents] = {num_samples_};
  if (components > 1) {
    count[0] = 0;
    for (int64_t s = 0; s < num_samples_; ++s) ++count[choice_.component[s]];
  }
  std::iota(component_order_, component_order_ + components, 0);
  // A stable sort would allocate.
  std::sort(component_order_, component_order_ + components, [&](int a, int b) {
    const int first = proposal.component(a).mode, second = proposal.component(b).mode;
    return first < second || (first == second && a < b);
  });
  int64_t slot = 0;
  for (int i = 0, mode = 0; i < components; ++i) {
    const int k = component_order_[i];
    while (mode <= proposal.component(k).mode) mode_begin_[mode++] = slot;
    component_begin_[i] = slot;
    slot += count[k];
    if (i + 1 == components)
      std::fill(mode_begin_ + mode, mode_begin_ + proposal.num_modes() + 1, slot);
  }
  component_begin_[components] = slot;
}

template <int kDof>
KernelNoise DrawnSamples<kDof>::SortByComponent(int num_components) {
  if (num_components == 1) return {normal_, choice_.scale, choice_.curved};
  int64_t next[MixtureProposal<kDof>::kMaxComponents];
  for (int i = 0; i < num_components; ++i) next[component_order_[i]] = component_begin_[i];
  for (int64_t s = 0; s < num_samples_; ++s) {
    const int64_t to = next[choice_.component[s]]++;
    for (int d = 0; d < kDof; ++d) {
      sorted_normal_[d * columns_.stride + to] = normal_[d * columns_.stride + s];
    }
    sorted_scale_[to] = choice_.scale[s];
    sorted_curved_[to] = choice_.curved[s];
  }
  return {sorted_normal_, sorted_scale_, sorted_curved_};
}

template class DrawnSamples<6>;
template class DrawnSamples<4>;

}  // namespace propnp
