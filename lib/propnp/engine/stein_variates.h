// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The regression of importance-weighted samples on the Stein control variates of
// math/stein_modes.h. It corrects the weights with which expectations under the posterior are
// taken, the gradient of the log evidence above all: where the posterior is no Gaussian, the
// control variates of control_variates.h, which compare it with Gaussians, leave two to ten times
// the error.
#ifndef PROPNP_ENGINE_STEIN_VARIATES_H_
#define PROPNP_ENGINE_STEIN_VARIATES_H_

#include "propnp/engine/arena.h"
#include "propnp/engine/kernels/regression_kernels.h"
#include "propnp/engine/posterior_modes.h"
#include "propnp/math/least_squares.h"
#include "propnp/math/stein_modes.h"

namespace propnp {

// What the regression reads of S samples.
struct WeightedSamples {
  int64_t count;
  const double* pose;          // (S, 7)
  const double* score;         // (S, D) d cost / d (pivot, rotation about it)
  const double* plain_weight;  // (S) normalised
  const double* mass_weight;   // (S) normalised, perhaps negative: those that tell a mode's mass
  double ess;                  // over S
};

template <int kDof>
class SteinVariates {
 public:
  static constexpr int kMaxColumns = SteinModes<kDof>::kMaxColumns;
  static_assert(PROPNP_MAX_MODES <= SteinModes<kDof>::kMaxCandidates, "room for every mode");

  static SteinVariates Allocate(Arena* arena);

  // Takes the coordinates of the modes that hold the posterior's mass, by Laplace's estimate. False
  // if there is none.
  bool SetModes(const DofPolicy<kDof>& dof, const Vec3<double>& pivot,
                const PosteriorMode<kDof>* modes, int num_modes) {
    return modes_.set(dof, pivot, modes, num_modes);
  }

  // weights (S): sum_s weight_s f_s estimates the posterior mean of f, and they sum to one; they
  // may be negative. With `cubic`, fields of the third degree take part. False if samples are too
  // few or the correction is so large that it cannot be trusted.
  bool CorrectWeights(const WeightedSamples& samples, bool cubic, double* weights);

 private:
  static constexpr int kBlock = 64;  // samples whose columns are held at a time
  static_assert(kMaxColumns <= kMostUnknowns, "room for every column");

  // Fills the columns of samples [begin, begin + count), every sample times the root of its weight.
  void FillBlock(const WeightedSamples& samples, int64_t begin, int64_t count);
  // Adds the block's part to the mean of every mode's share.
  void AddMasses(const double* mass_weight, int64_t count, double* masses) const;
  // solution: the columns' coefficients in the weight of a sample.
  bool Fit(const WeightedSamples& samples, double* solution);

  SteinModes<kDof> modes_;
  int num_columns_;
  float* columns_;       // kMaxColumns columns of a block
  double root_[kBlock];  // of every sample's plain weight, in units of their mean
  double* sums_;         // (kMaxColumns, kMaxColumns)
  SolverMemory* solver_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_STEIN_VARIATES_H_
