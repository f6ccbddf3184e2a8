// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Posteriors of poses as cost functions: what an image says about cam_from_object, put into a
// larger problem whose poses may be stored in any layout and as a chain (pose_chain_options.h).
//
// Mode m has probability p_m, pose and covariance Sigma_m. With delta_m the step from the mode to
// the pose (pose_gaussian.h), e_m = L_m delta_m and L_m^T L_m = Sigma_m^-1, the log of its share of
// the density is
//
//   l_m = log p_m + log N(0; 0, Sigma_m) - 1/2 |e_m|^2
//
// GaussianPosteriorFactor takes one mode alone: D residuals e, cost 1/2 |e|^2. Of an ambiguous
// object that is a gamble; MixturePosteriorFactor takes all of them:
//
//   kSum   1/2 |r|^2 = -log sum_m exp(l_m) + log gamma
//   kMax   1/2 |r|^2 = -max_m l_m          + log gamma
//
// exactly, with D + 1 residuals. Those of the mode k whose share is largest carry the distance, the
// last one the rest:
//
//   r = [ e_k,  sqrt(2 (log gamma - a_k - T)) ]      a_k = log p_k + log N(0; 0, Sigma_k)
//   T = log sum_m exp(l_m - l_k) (kMax: 0),          0 <= T <= log M
//   d r_D = -sum_m w_m (e_k^T d e_k - e_m^T d e_m) / r_D,   w_m = exp(l_m) / sum exp(l)
//
// This is the max-sum-mixture of Pfeifer, Lange, Protzel, "Advancing Mixture Models for Least
// Squares Optimization", RA-L 2021. Half a square cannot be negative, whence gamma: log gamma =
// max a_m + log M + kMixtureMargin is more than a_k + T for any k. The margin keeps r_D away from
// zero, where a square root has no derivative, and Gauss-Newton's d r_D^T d r_D small beside the
// curvature of e_k: the true one of -T is mostly negative. kMax is the max-mixture of Olson,
// Agarwal, "Inference on networks of mixtures for robust robot mapping", IJRR 2013: the same
// without overlap; log gamma = max a_m, and the last residual is constant.
//
// The residuals jump where the largest share changes hands; cost and gradient of kSum do not.
#ifndef PROPNP_CERES_POSTERIOR_FACTORS_H_
#define PROPNP_CERES_POSTERIOR_FACTORS_H_

#include <ceres/cost_function.h>

#include <memory>
#include <string>
#include <vector>

#include "propnp/ceres/pose_chain.h"
#include "propnp/ceres/pose_chain_options.h"
#include "propnp/ceres/pose_gaussian.h"
#include "propnp/ceres/pose_mode.h"

namespace propnp {

// One mode: D residuals, D = 6 or 4 as the mode has degrees of freedom, whatever the layout.
//
// It is also a measured relative pose of two frames: with `pose` the frame a and
// `world_from_object` the frame b in a layout that is `inverse`, both stored as x_from_world, it is
// about a_from_b.
class GaussianPosteriorFactor final : public ceres::CostFunction {
 public:
  // The mode's probability is not looked at. Null with a message that names the field if an option,
  // the pose or the covariance is wrong.
  static std::unique_ptr<GaussianPosteriorFactor> Create(const PoseChainOptions& options,
                                                         const PoseMode& mode, std::string* error);

  // False if a quaternion is zero, a parameter is not finite or the cost overflows.
  bool Evaluate(double const* const* parameters, double* residuals,
                double** jacobians) const override;

 private:
  GaussianPosteriorFactor(const PoseChainOptions& options, const PoseGaussian& gaussian);

  PoseChain chain_;
  PoseGaussian gaussian_;
};

enum class MixtureKind { kSum, kMax };

// Part of log gamma of kSum, in nats. The publication takes 10 too, before the logarithm, where the
// unit of the covariance decides whether it counts.
constexpr double kMixtureMargin = 10;

// All modes: D + 1 residuals. To be added with a null ceres::LossFunction, or the cost is no longer
// the log of the mixture.
class MixturePosteriorFactor final : public ceres::CostFunction {
 public:
  // Modes of probability zero are left out, and nothing else of them is looked at. Null with a
  // message that names mode and field if a probability is negative or not finite, or their sum is
  // zero, or a pose or a covariance is wrong, or not all have the same degrees of freedom.
  static std::unique_ptr<MixturePosteriorFactor> Create(const PoseChainOptions& options,
                                                        const std::vector<PoseMode>& modes,
                                                        MixtureKind kind, std::string* error);

  // False if a quaternion is zero, a parameter is not finite or the cost overflows.
  bool Evaluate(double const* const* parameters, double* residuals,
                double** jacobians) const override;

  // log gamma: what the cost exceeds -log of the density by, the probabilities divided by their
  // sum.
  double cost_offset() const { return log_gamma_; }

 private:
  struct Component {
    PoseGaussian gaussian;
    double log_weight;  // a_m
  };
  struct Share;

  MixturePosteriorFactor(const PoseChainOptions& options, std::vector<Component> components,
                         MixtureKind kind);
  bool EvaluateShares(const RigidTransform<double>& pose, bool with_jacobians,
                      std::vector<Share>* shares) const;
  double CompareShares(size_t largest, std::vector<Share>* shares) const;

  PoseChain chain_;
  std::vector<Component> components_;
  MixtureKind kind_;
  double log_gamma_;
};

}  // namespace propnp

#endif  // PROPNP_CERES_POSTERIOR_FACTORS_H_
