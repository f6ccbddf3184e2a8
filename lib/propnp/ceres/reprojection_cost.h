// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The reprojection error as Ceres cost functions with Jacobians by hand.
//
//   e = W (clamp(project(point_in_cam), box) - x2d)
//
// with W = diag(w2d), w = 1/sigma in 1/px, or a 2x2 square-root information, and point_in_cam
// through the chain of reprojection_options.h, which also lists the order of the parameter blocks.
// Jacobians are the exact derivatives of this clamped function with respect to the ambient blocks,
// any manifold may stand on top of them; a quaternion enters as q / |q|. A point behind a
// perspective camera keeps a residual that grows with its distance behind and a derivative that
// pulls it to the front (camera_depth.h); a fisheye sees beside and behind itself.
//
// ReprojectionCost is one point: for bundle adjustment, with a robust loss as ceres::LossFunction
// (robust_loss_function.h). ObjectReprojectionCost is all points of an object in one view, several
// times faster, with its loss inside.
#ifndef PROPNP_CERES_REPROJECTION_COST_H_
#define PROPNP_CERES_REPROJECTION_COST_H_

#include <ceres/cost_function.h>

#include <memory>
#include <string>

#include "propnp/ceres/reprojection_options.h"
#include "propnp/math/robust_loss.h"

namespace propnp {

struct ReprojectionData;  // reprojection_evaluator.h

// One point: 2 residuals.
class ReprojectionCost final : public ceres::CostFunction {
 public:
  // x3d (3) in the frame at the far end of the chain, not read if it is a parameter block; x2d (2)
  // in px; w2d (2) in 1/px, null for weights of one. Null with a message that names the argument if
  // something is wrong.
  static std::unique_ptr<ReprojectionCost> Create(const ReprojectionOptions& options,
                                                  const double* x3d, const double* x2d,
                                                  const double* w2d, std::string* error);

  // The same with a 2x2 square-root information (4, row-major) in 1/px.
  static std::unique_ptr<ReprojectionCost> CreateWithInformation(const ReprojectionOptions& options,
                                                                 const double* x3d,
                                                                 const double* x2d,
                                                                 const double* sqrt_info,
                                                                 std::string* error);

  ~ReprojectionCost() override;
  bool Evaluate(double const* const* parameters, double* residuals,
                double** jacobians) const override;

 private:
  explicit ReprojectionCost(std::unique_ptr<ReprojectionData> data);
  std::unique_ptr<const ReprojectionData> data_;
};

// The points of an object as plain arrays; copied when a cost is made.
struct ObjectPoints {
  int num_points = 0;
  const double* x3d = nullptr;        // num_points x 3; null if the points are a parameter block
  const double* x2d = nullptr;        // num_points x 2, px
  const double* w2d = nullptr;        // num_points x 2, 1/px, >= 0; null: 1
  const double* sqrt_info = nullptr;  // num_points x 2 x 2 row-major, 1/px, instead of w2d
};

// All points of an object in one view: 2 num_points residuals.
//
// The loss acts on every point inside the block: the residual of a point is r = e/s sqrt(2 rho(s)),
// s = |e|, with its true derivative, so that 1/2 |r|^2 is the robust cost. Hence add it with a null
// ceres::LossFunction: a loss on top would act on the whole object as if it were one measurement.
// On a rig, one block a view.
class ObjectReprojectionCost final : public ceres::CostFunction {
 public:
  static std::unique_ptr<ObjectReprojectionCost> Create(const ReprojectionOptions& options,
                                                        const ObjectPoints& points,
                                                        const RobustLoss<double>& loss,
                                                        std::string* error);

  ~ObjectReprojectionCost() override;
  bool Evaluate(double const* const* parameters, double* residuals,
                double** jacobians) const override;

  // e instead of r, and its Jacobians.
  bool EvaluateWithoutLoss(double const* const* parameters, double* residuals,
                           double** jacobians) const;

  int num_points() const;
  const RobustLoss<double>& loss() const;
  // With z_min filled in.
  const ReprojectionOptions& options() const;

 private:
  explicit ObjectReprojectionCost(std::unique_ptr<ReprojectionData> data);
  std::unique_ptr<const ReprojectionData> data_;
};

}  // namespace propnp

#endif  // PROPNP_CERES_REPROJECTION_COST_H_
