// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The samples of one object: drawn from a proposal, in the order of the modes in whose charts they
// were drawn, with the proposal's density there.
#ifndef PROPNP_ENGINE_DRAWN_SAMPLES_H_
#define PROPNP_ENGINE_DRAWN_SAMPLES_H_

#include "propnp/engine/arena.h"
#include "propnp/engine/mixture_proposal.h"

namespace propnp {

// Which random numbers: of the object, and of its first or second stage.
struct SampleStream {
  int32_t method;  // PROPNP_SAMPLER_*
  uint64_t seed;
  uint64_t object_id;
  int stage;
};

template <int kDof>
class DrawnSamples {
 public:
  static DrawnSamples Allocate(int64_t num_samples, Arena* arena);

  void Draw(const MixtureProposal<kDof>& proposal, const SampleStream& stream);

  // Makes pose() what Draw() drew, which nearly nobody asks for.
  void FillPoses();

  // For samples that come from elsewhere: once poses() holds them, makes [begin, end) those of a
  // mode, modes in their order. log_densities() is then the caller's to fill in.
  void Place(const PosteriorMode<kDof>* modes, int num_modes, int mode, const DofPolicy<kDof>& dof,
             int64_t begin, int64_t end);
  double* poses() { return pose_; }  // (S, 7)
  double* log_densities() { return columns_.log_density; }

  int64_t size() const { return num_samples_; }
  // Samples [begin_of(m), begin_of(m + 1)) were drawn in the chart of mode m.
  int64_t begin_of(int mode) const { return mode_begin_[mode]; }

  // Coordinate k of sample s in the chart xi of a mode.
  double xi(int mode, int k, int64_t s) const {
    return columns_.xi[(mode * kDof + k) * columns_.stride + s];
  }
  // After FillPoses() or Place().
  const double* pose(int64_t s) const { return pose_ + 7 * s; }
  double log_density(int64_t s) const { return columns_.log_density[s]; }

  const KernelSamples& columns() const { return columns_; }
  const KernelChart& chart(int mode) const { return charts_[mode]; }
  const KernelComponent& component(int k) const { return components_[k]; }

 private:
  void FillWords(const SampleStream& stream);
  void Choose(const MixtureProposal<kDof>& proposal);
  void CountComponents(const MixtureProposal<kDof>& proposal);
  KernelNoise SortByComponent(int num_components);

  int64_t num_samples_;
  KernelSamples columns_;
  double* pose_;
  int drawn_modes_ = 0;  // whose poses are missing
  KernelChart* charts_;
  KernelComponent* components_;
  // Before sorting.
  uint32_t* words_;  // 8 columns
  float* normal_;    // D columns
  float* stretch_;
  KernelChoice choice_;
  // After.
  float* sorted_normal_;
  double *sorted_scale_, *sorted_curved_;
  int64_t mode_begin_[PROPNP_MAX_MODES + 1];
  int64_t component_begin_[MixtureProposal<kDof>::kMaxComponents + 1];
  int component_order_[MixtureProposal<kDof>::kMaxComponents];
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_DRAWN_SAMPLES_H_
