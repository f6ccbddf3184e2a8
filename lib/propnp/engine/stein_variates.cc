// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/stein_variates.h"

#include <algorithm>
#include <cmath>

#include "propnp/engine/kernels/proposal_kernels.h"
#include "propnp/engine/laplace_posterior.h"

namespace propnp {
namespace {

constexpr double kDrawsPerRegressor = 2.5;  // effective ones of a mode
constexpr double kLeastShare = 0.02;        // of the mass, for a mode to take part
constexpr int64_t kColumnStride = 64 + kSamplePadding;

SmoothTurn3<double> TurnBetween(const SixDof<double>&, const double* mode, const double* pose) {
  const Quaternion<double> from{mode[3], mode[4], mode[5], mode[6]};
  return SmoothTurn3<double>(Quaternion<double>{pose[3], pose[4], pose[5], pose[6]} *
                             conjugate(from));
}
SmoothTurn1<double> TurnBetween(const FourDof<double>&, const double* mode, const double* pose) {
  return SmoothTurn1<double>(pose[3] - mode[3]);
}

// B C B^T for delta_pivot = delta_t + delta_theta x arm, with C the covariance of (t, theta) and
// arm = R pivot.
template <typename Dof>
void CovarianceOfPivot(const Dof& dof, const Vec3<double>& arm, double* covariance) {
  constexpr int kDof = Dof::kTangent;
  Vec3<double> moves[kDof - 3];
  if constexpr (kDof == 6) {
    moves[0] = cross(Vec3<double>{1, 0, 0}, arm);
    moves[1] = cross(Vec3<double>{0, 1, 0}, arm);
    moves[2] = cross(Vec3<double>{0, 0, 1}, arm);
  } else {
    moves[0] = cross(dof.axis, arm);
  }
  const auto add = [&](double* to, const double* from, int stride) {  // the rows, or the columns
    for (int k = 0; k < kDof - 3; ++k) {
      const double move[3] = {moves[k].x, moves[k].y, moves[k].z};
      for (int i = 0; i < 3; ++i) to[i * stride] += move[i] * from[(3 + k) * stride];
    }
  };
  for (int j = 0; j < kDof; ++j) add(covariance + j, covariance + j, kDof);
  for (int i = 0; i < kDof; ++i) add(covariance + i * kDof, covariance + i * kDof, 1);
}

}  // namespace

template <int kDof>
SteinVariates<kDof> SteinVariates<kDof>::Allocate(Arena* arena) {
  SteinVariates v = {};
  v.columns_ = arena->Take<float>(kMaxColumns * kColumnStride);
  v.sums_ = arena->Take<double>(kMaxColumns * kMaxColumns);
  v.normal_ = arena->Take<Regression>(1);
  return v;
}

template <int kDof>
bool SteinVariates<kDof>::AddMode(const PosteriorMode<kDof>& mode, double share) {
  const RigidTransform<double> pose = dof_.transform(mode.pose);
  const Vec3<double> arm = pose.rotation * pivot_;
  double covariance[kDof * kDof];
  tangent_covariance(mode, covariance);
  CovarianceOfPivot(dof_, arm, covariance);
  Mode& added = modes_[num_modes_];
  std::copy(mode.pose, mode.pose + 7, added.pose);
  added.share = share;
  added.centre = arm + pose.translation;
  if (!added.coordinates.set(covariance)) return false;
  ++num_modes_;
  return true;
}

template <int kDof>
bool SteinVariates<kDof>::SetModes(const DofPolicy<kDof>& dof, const Vec3<double>& pivot,
                                   const PosteriorMode<kDof>* modes, int num_modes) {
  dof_ = dof;
  pivot_ = pivot;
  num_modes_ = 0;
  double share[PROPNP_MAX_MODES];
  LaplaceEvidence(modes, num_modes, share);
  while (num_modes_ < kMaxModes) {
    double* const heaviest = std::max_element(share, share + num_modes);
    if (!(*heaviest > kLeastShare)) break;
    if (!AddMode(modes[heaviest - share], *heaviest)) return false;
    *heaviest = 0;
  }
  return num_modes_ > 0;
}

template <int kDof>
bool SteinVariates<kDof>::ChooseDegrees(const WeightedSamples& samples, bool cubic) {
  const double draws = samples.ess * static_cast<double>(samples.count);
  num_columns_ = 1 + samples.num_columns;
  for (int m = 0; m < num_modes_; ++m) modes_[m].degree = 0;
  for (int degree = 1; degree <= (cubic && num_modes_ == 1 ? 3 : 2); ++degree) {
    for (int m = 0; m < num_modes_; ++m) {
      const int fields = num_stein_fields(kDof, degree);
      const int columns = num_columns_ + fields - num_stein_fields(kDof, modes_[m].degree);
      if (columns > kMaxColumns || draws * modes_[m].share < kDrawsPerRegressor * fields) continue;
      modes_[m].degree = degree;
      num_columns_ = columns;
    }
  }
  return num_columns_ > 1 + samples.num_columns;
}

template <int kDof>
void SteinVariates<kDof>::FillFields(const WeightedSamples& samples, int64_t s,
                                     float* column) const {
  const double* pose = samples.pose + 7 * s;
  const RigidTransform<double> transform = dof_.transform(pose);
  const Vec3<double> centre = transform * pivot_;
  SteinSample<kDof, double> seen[kMaxModes];
  double share[kMaxModes], nearest = HUGE_VAL, sum = 0;
  for (int m = 0; m < num_modes_; ++m) {
    modes_[m].coordinates.evaluate(centre - modes_[m].centre,
                                   TurnBetween(dof_, modes_[m].pose, pose), &seen[m]);
    nearest = std::min(nearest, seen[m].distance);
  }
  for (int m = 0; m < num_modes_; ++m) {
    sum += share[m] = std::exp(0.5 * (nearest - seen[m].distance));
  }
  double mean_slope[kDof] = {};
  for (int m = 0; m < num_modes_; ++m) {
    share[m] /= sum;
    for (int d = 0; d < kDof; ++d) mean_slope[d] += share[m] * seen[m].distance_slope[d];
  }
  const double factor = samples.plain_weight[s] * static_cast<double>(samples.count);
  const double* score = samples.score + kDof * s;
  for (int m = 0; m < num_modes_; ++m) {
    double pull[kDof];
    for (int d = 0; d < kDof; ++d) {
      pull[d] = share[m] * (mean_slope[d] - seen[m].distance_slope[d] - score[d]);
    }
    modes_[m].coordinates.whiten_gradient(pull, pull);
    column = stein_fields(seen[m], share[m], pull, modes_[m].degree, factor, kColumnStride, column);
  }
}

template <int kDof>
void SteinVariates<kDof>::FillBlock(const WeightedSamples& samples, int64_t begin, int64_t count) {
  const int given = samples.num_columns;
  for (int i = 0; i < num_columns_; ++i) {
    float* column = columns_ + i * kColumnStride;
    if (i == 0) {
      std::fill(column, column + count, 1.0f);
    } else if (i <= given) {
      std::copy(samples.columns[i - 1] + begin, samples.columns[i - 1] + begin + count, column);
    }
    std::fill(column + count, column + kColumnStride, 0.0f);
  }
  for (int64_t k = 0; k < count; ++k) {
    float* column = columns_ + (1 + given) * kColumnStride + k;
    if (samples.plain_weight[begin + k] > 0) {
      FillFields(samples, begin + k, column);
    } else {
      for (int i = 1 + given; i < num_columns_; ++i, column += kColumnStride) *column = 0;
    }
  }
}

template <int kDof>
bool SteinVariates<kDof>::Fit(const WeightedSamples& samples) {
  const int size = num_columns_ * num_columns_;
  std::fill(sums_, sums_ + size, 0.0);
  for (int64_t begin = 0; begin < samples.count; begin += kBlock) {
    const int64_t count = std::min<int64_t>(kBlock, samples.count - begin);
    FillBlock(samples, begin, count);
    GetProposalKernels().normal_matrix(columns_, num_columns_, kColumnStride, count, sums_);
  }
  return normal_->factorize(num_columns_, sums_, kRegressionTolerance) > 1;
}

template <int kDof>
bool SteinVariates<kDof>::CorrectWeights(const WeightedSamples& samples, bool cubic,
                                         double* weights) {
  if (!ChooseDegrees(samples, cubic) || !Fit(samples)) return false;
  double intercept[kMaxColumns] = {1}, solution[kMaxColumns];
  normal_->solve(intercept, solution);

  double sum = 0;
  for (int64_t begin = 0; begin < samples.count; begin += kBlock) {
    const int64_t count = std::min<int64_t>(kBlock, samples.count - begin);
    FillBlock(samples, begin, count);
    double coefficients[kColumnStride];
    GetProposalKernels().combine(columns_, num_columns_, kColumnStride, count, solution,
                                 coefficients);
    for (int64_t k = 0; k < count; ++k) {
      weights[begin + k] = coefficients[k] * samples.plain_weight[begin + k];
      sum += weights[begin + k];
    }
  }
  const double ratio = sum * static_cast<double>(samples.count);
  if (!(ratio > 0.2 && ratio < 5)) return false;
  for (int64_t s = 0; s < samples.count; ++s) weights[s] /= sum;
  return true;
}

template class SteinVariates<6>;
template class SteinVariates<4>;

}  // namespace propnp
