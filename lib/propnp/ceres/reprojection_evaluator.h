// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Evaluates residuals and Jacobians of the points of one residual block, chunk by chunk. Internal
// to the reprojection costs.
#ifndef PROPNP_CERES_REPROJECTION_EVALUATOR_H_
#define PROPNP_CERES_REPROJECTION_EVALUATOR_H_

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "propnp/ceres/reprojection_cost.h"
#include "propnp/ceres/reprojection_rows.h"

namespace propnp {

// What does not change between calls.
struct ReprojectionBlock {
  explicit ReprojectionBlock(const ReprojectionOptions& given);

  // Sizes of all parameter blocks for `num_points` points.
  std::vector<int> BlockSizes(int num_points) const;

  ReprojectionOptions options;
  PoseChain chain;
  double camera_limit;
  int point_block = -1;  // index of the parameter block, or -1
  int intrinsics_block = -1;
};

// Column-wise storage of points, padded so that whole chunks can be read.
struct PointStore {
  int num_points = 0;
  int num_weights = 2;  // 2 of a diagonal weight, 4 of a 2x2 square-root information
  int padded = 0;
  std::vector<double> columns;  // x y z u v w..., each of `padded` numbers

  const double* column(int k) const { return columns.data() + static_cast<size_t>(k) * padded; }
};

namespace internal {

template <typename Camera>
ViewModel<Camera, double> MakeViewModel(const ReprojectionBlock& block,
                                        double const* const* parameters) {
  const double* camera_parameters = block.intrinsics_block < 0
                                        ? block.options.camera_parameters.data()
                                        : parameters[block.intrinsics_block];
  return {Camera::from_parameters(camera_parameters, block.camera_limit), block.options.box,
          block.options.z_min};
}

// d residual / d camera parameters of one point, two rows: W d pixel, rows of a pixel coordinate
// that the box holds being zero, and the loss.
template <typename Weight, typename Camera, int kCapacity>
void WriteIntrinsics(const ViewModel<Camera, double>& model, const Vec3<double>& point_in_cam,
                     const Weight& weight, const ReprojectionRows<kCapacity>& rows, int i,
                     bool robust, double* jacobian) {
  constexpr int kSize = Camera::kNumParameters;
  double u_row[kSize], v_row[kSize];
  model.camera.parameter_jacobian(point_in_cam, model.z_min, u_row, v_row);
  if (model.box.active) {
    const Vec2<double> pixel = model.camera.project(point_in_cam, model.z_min);
    const auto& box = model.box;
    if (pixel.x < box.low.x || box.high.x < pixel.x) std::fill_n(u_row, kSize, 0.0);
    if (pixel.y < box.low.y || box.high.y < pixel.y) std::fill_n(v_row, kSize, 0.0);
  }
  for (int j = 0; j < kSize; ++j) {
    Vec2<double> d = weight.times({u_row[j], v_row[j]});
    if (robust) {
      const Vec2<double> e{rows.ex[i], rows.ey[i]};
      d = rows.scale[i] * d + (rows.rank_one[i] * dot(e, d)) * e;
    }
    jacobian[j] = d.x;
    jacobian[kSize + j] = d.y;
  }
}

template <int kCapacity>
void WriteResiduals(const ReprojectionRows<kCapacity>& rows, bool robust, int count,
                    double* residuals) {
  for (int i = 0; i < count; ++i) {
    const double scale = robust ? rows.scale[i] : 1;
    residuals[2 * i] = scale * rows.ex[i];
    residuals[2 * i + 1] = scale * rows.ey[i];
  }
}

// The rows of the points' own block of 3 N: two rows a point, zero but for its own three columns.
template <int kCapacity>
void WritePointJacobian(const Mat3<double>& rotation, const ReprojectionRows<kCapacity>& rows,
                        int first, int count, int num_points, double* jacobian) {
  const int stride = 3 * num_points;
  double* row = jacobian + 2 * static_cast<size_t>(first) * stride;
  std::fill_n(row, 2 * static_cast<size_t>(count) * stride, 0.0);
  for (int i = 0; i < count; ++i, row += 2 * stride) {
    const Vec3<double> u = transposed_times(rotation, {rows.ux[i], rows.uy[i], rows.uz[i]});
    const Vec3<double> v = transposed_times(rotation, {rows.vx[i], rows.vy[i], rows.vz[i]});
    double* const out = row + 3 * (first + i);
    out[0] = u.x, out[1] = u.y, out[2] = u.z;
    out[stride] = v.x, out[stride + 1] = v.y, out[stride + 2] = v.z;
  }
}

// Points `first` on of a block of 3 N as columns; past the end the last point again.
template <int kCapacity>
void GatherPoints(const double* points, int first, int num_points, double (*xyz)[kCapacity]) {
  for (int i = 0; i < kCapacity; ++i) {
    const double* p = points + 3 * std::min(first + i, num_points - 1);
    xyz[0][i] = p[0], xyz[1][i] = p[1], xyz[2][i] = p[2];
  }
}

}  // namespace internal

// Residuals (2 num_points) and Jacobians as ceres::CostFunction::Evaluate wants them.
template <typename Camera, typename Weight, int kCapacity>
bool EvaluateReprojection(const ReprojectionBlock& block, const PointStore& store,
                          const RobustLoss<double>& loss, double const* const* parameters,
                          double* residuals, double** jacobians) {
  PoseChain::State chain;
  if (!block.chain.Evaluate(parameters, &chain)) return false;
  const auto model = internal::MakeViewModel<Camera>(block, parameters);
  const bool with_gradient = jacobians != nullptr;
  const auto wanted = [&](int index) {
    return with_gradient && index >= 0 && jacobians[index] != nullptr;
  };

  ReprojectionRows<kCapacity> rows;
  double xyz[3][kCapacity];
  for (int first = 0; first < store.num_points; first += kCapacity) {
    const int count = std::min(kCapacity, store.num_points - first);
    PointColumns points{store.column(0) + first, store.column(1) + first, store.column(2) + first,
                        store.column(3) + first, store.column(4) + first, {}};
    for (int k = 0; k < store.num_weights; ++k) points.w[k] = store.column(5 + k) + first;
    if (block.point_block >= 0) {
      internal::GatherPoints(parameters[block.point_block], first, store.num_points, xyz);
      points.x = xyz[0], points.y = xyz[1], points.z = xyz[2];
    }

    ProjectPoints<Weight>(model, chain.cam_from_point, points, with_gradient, &rows);
    const bool robust = ApplyLoss(loss, with_gradient, &rows);
    internal::WriteResiduals(rows, robust, count, residuals + 2 * first);
    if (!with_gradient) continue;

    for (int k = 0; k < chain.num_links; ++k) {
      WritePoseJacobian(chain.links[k], points, rows, 2 * first, count, jacobians);
    }
    if (wanted(block.point_block)) {
      internal::WritePointJacobian(chain.cam_from_point.rotation, rows, first, count,
                                   store.num_points, jacobians[block.point_block]);
    }
    if (wanted(block.intrinsics_block)) {
      for (int i = 0; i < count; ++i) {
        const Vec3<double> point_in_cam =
            chain.cam_from_point * Vec3<double>{points.x[i], points.y[i], points.z[i]};
        internal::WriteIntrinsics(model, point_in_cam, WeightAt(points, i, Weight()), rows, i,
                                  robust,
                                  jacobians[block.intrinsics_block] +
                                      2 * static_cast<size_t>(first + i) * Camera::kNumParameters);
      }
    }
  }
  return true;
}

// One of the instances of EvaluateReprojection.
using EvaluateReprojectionFunction = bool (*)(const ReprojectionBlock&, const PointStore&,
                                              const RobustLoss<double>&, double const* const*,
                                              double*, double**);

// The instance for a camera model and kind of weight.
template <int kChunk>
EvaluateReprojectionFunction SelectEvaluator(int camera_model, int num_weights) {
  EvaluateReprojectionFunction function = nullptr;
  visit_camera(camera_model, [&](auto model) {
    using Camera = typename decltype(model)::template Camera<double>;
    function = num_weights == 4 ? &EvaluateReprojection<Camera, SqrtInformation<double>, kChunk>
                                : &EvaluateReprojection<Camera, DiagonalWeight<double>, kChunk>;
  });
  return function;
}

// All that a cost function holds.
struct ReprojectionData {
  // Checks and copies the arguments; points are padded to chunks of `chunk`. Null with a message
  // that names the argument if something is wrong.
  static std::unique_ptr<ReprojectionData> Create(const ReprojectionOptions& options,
                                                  const ObjectPoints& points,
                                                  const RobustLoss<double>& loss, int chunk,
                                                  std::string* error);

  explicit ReprojectionData(const ReprojectionOptions& options) : block(options) {}

  bool Evaluate(const RobustLoss<double>& with_loss, double const* const* parameters,
                double* residuals, double** jacobians) const {
    return evaluate(block, store, with_loss, parameters, residuals, jacobians);
  }

  ReprojectionBlock block;
  PointStore store;
  RobustLoss<double> loss;
  EvaluateReprojectionFunction evaluate = nullptr;  // set by the cost function
};

}  // namespace propnp

#endif  // PROPNP_CERES_REPROJECTION_EVALUATOR_H_
