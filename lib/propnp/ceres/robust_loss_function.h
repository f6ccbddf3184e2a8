// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The project's robust losses (robust_loss.h) for residual blocks of ReprojectionCost.
//
// rho is a function of s = |e|, Ceres' is one of the squared norm: rho_c(s^2) = 2 rho(s), so that
// Ceres' cost 1/2 rho_c equals ours. With the same scale Huber and Cauchy are ceres::HuberLoss and
// ceres::CauchyLoss. Never give one to ObjectReprojectionCost, which has its loss inside.
#ifndef PROPNP_CERES_ROBUST_LOSS_FUNCTION_H_
#define PROPNP_CERES_ROBUST_LOSS_FUNCTION_H_

#include <ceres/loss_function.h>

#include <memory>
#include <string>

#include "propnp/math/robust_loss.h"

namespace propnp {

class RobustLossFunction final : public ceres::LossFunction {
 public:
  // Null with a message if the kind is unknown or the scale is not positive and finite.
  static std::unique_ptr<RobustLossFunction> Create(const RobustLoss<double>& loss,
                                                    std::string* error);

  // rho_c, rho_c', rho_c'' at the squared norm.
  void Evaluate(double squared_norm, double* rho) const override;

 private:
  explicit RobustLossFunction(const RobustLoss<double>& loss) : loss_(loss) {}
  RobustLoss<double> loss_;
};

// False with a message if `loss` is not one.
bool ValidateLoss(const RobustLoss<double>& loss, std::string* error);

// The scale of the adaptive Huber loss (adaptive_delta.h) of `num_points` points, in units of s:
//
//   relative_delta * mean(w2d) * sqrt(var_x(x2d) + var_y(x2d))
//
// x2d (num_points x 2) in px; w2d (num_points x 2) in 1/px, null for weights of one. All points of
// an object belong together, over all its views, those of weight zero included.
double AdaptiveHuberDelta(const double* x2d, const double* w2d, int num_points,
                          double relative_delta);

// The same with the 2x2 square-root information sqrt_info (num_points x 4, row-major) of each
// point.
double AdaptiveHuberDeltaFromInformation(const double* x2d, const double* sqrt_info, int num_points,
                                         double relative_delta);

}  // namespace propnp

#endif  // PROPNP_CERES_ROBUST_LOSS_FUNCTION_H_
