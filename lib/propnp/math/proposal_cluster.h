// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A Gaussian fitted to weighted points in the chart of a mode, one step of expectation maximisation
// (A. Dempster, N. Laird, D. Rubin, 1977) at a time: the second stage of the sampler. Its
// covariance is shrunk towards that of all points of the mode, because few points carry the weight,
// and that one towards the shape at the minimum: six points or fewer make no covariance at all.
#ifndef PROPNP_MATH_PROPOSAL_CLUSTER_H_
#define PROPNP_MATH_PROPOSAL_CLUSTER_H_

#include "propnp/math/cholesky.h"

PROPNP_MATH_BEGIN

constexpr double kPointsPerCluster = 20;  // effective ones
constexpr double kPriorPoints = 12;       // by which the mode's covariance counts
constexpr double kShapePoints = 4;        // by which the shape at the minimum counts in that
constexpr int kMaxClustersOfMode = 6;
constexpr double kLeastModeWeight = 0.01;
constexpr int kRefitSteps = 3;

// The share that the components of the first stage keep beside clusters fitted to so many effective
// points: a quarter as a defence, and more where few points tell less about the posterior than the
// shapes of its modes do.
PROPNP_HOST_DEVICE inline double share_of_first_stage(double points) {
  constexpr double kLeast = 0.25, kWorth = 50;  // the second in points
  const double share = kWorth / (kWorth + points);
  return share > kLeast ? share : kLeast;
}

// Weighted sums, and the Gaussian that they make. It is of one mode and takes that mode's points.
template <int kDof>
struct ProposalCluster {
  int mode;
  double weight;
  double mean[kDof], covariance[kDof * kDof];
  double mode_covariance[kDof * kDof];
  Cholesky<kDof, double> shape;
  double log_det_sqrt;

  PROPNP_HOST_DEVICE void clear() {
    weight = 0;
    for (double& m : mean) m = 0;
    for (double& c : covariance) c = 0;
  }

  PROPNP_HOST_DEVICE void add(double share, const double* v) {
    weight += share;
    for (int i = 0; i < kDof; ++i) {
      mean[i] += share * v[i];
      for (int j = 0; j < kDof; ++j) covariance[i * kDof + j] += share * v[i] * v[j];
    }
  }

  // From sums over all points of the mode; `at_minimum` is the covariance of its shape.
  PROPNP_HOST_DEVICE void set_mode_covariance(const double* at_minimum) {
    for (int i = 0; i < kDof * kDof; ++i) {
      const double centred = covariance[i] - mean[i / kDof] * mean[i % kDof] / weight;
      mode_covariance[i] = (centred + kShapePoints * at_minimum[i]) / (weight + kShapePoints);
    }
  }

  // Means and covariances from sums; false if they make no Gaussian.
  PROPNP_HOST_DEVICE bool finish() {
    if (!(weight > 1e-3)) return false;
    for (double& m : mean) m /= weight;
    for (int i = 0; i < kDof; ++i) {
      for (int j = 0; j < kDof; ++j) {
        const int k = i * kDof + j;
        const double centred = covariance[k] - weight * mean[i] * mean[j];
        covariance[k] = (centred + kPriorPoints * mode_covariance[k]) / (weight + kPriorPoints);
      }
    }
    if (!shape.factorize(covariance)) return false;
    log_det_sqrt = 0.5 * shape.log_determinant();
    return true;
  }

  // log of the density times the weight, up to a constant.
  PROPNP_HOST_DEVICE double log_share(const double* v) const {
    double white[kDof], r2 = 0;
    for (int i = 0; i < kDof; ++i) white[i] = v[i] - mean[i];
    shape.solve_lower(white, white);
    for (double w : white) r2 += w * w;
    return std::log(weight) - log_det_sqrt - 0.5 * r2;
  }
};

// The longest axis of a covariance, every coordinate in units of its own deviation, by power
// iterations: numbers to take the scalar product of x with.
template <int kDof>
PROPNP_HOST_DEVICE void longest_axis(const double* covariance, double* axis) {
  double scale[kDof];
  for (int i = 0; i < kDof; ++i) {
    const double variance = covariance[i * (kDof + 1)];
    scale[i] = variance > 0 ? 1 / sqrt(variance) : 0;
    axis[i] = 1 + 0.1 * i;  // on no axis of symmetry
  }
  for (int step = 0; step < 10; ++step) {
    double next[kDof] = {}, norm = 0;
    for (int i = 0; i < kDof; ++i) {
      for (int j = 0; j < kDof; ++j) {
        next[i] += scale[i] * covariance[i * kDof + j] * scale[j] * axis[j];
      }
      norm += next[i] * next[i];
    }
    if (!(norm > 0)) break;
    for (int i = 0; i < kDof; ++i) axis[i] = next[i] / sqrt(norm);
  }
  for (int i = 0; i < kDof; ++i) axis[i] *= scale[i];
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_PROPOSAL_CLUSTER_H_
