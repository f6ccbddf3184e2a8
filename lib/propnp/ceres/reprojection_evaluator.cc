// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/reprojection_evaluator.h"

#include "propnp/ceres/robust_loss_function.h"

namespace propnp {
namespace {

bool AllFinite(const double* values, int count) {
  // Finite values times zero sum to zero.
  double trouble = 0;
  for (int i = 0; i < count; ++i) trouble += values[i] * 0.0;
  return trouble == 0;
}

bool Fail(const std::string& message, std::string* error) {
  if (error != nullptr) *error = message;
  return false;
}

bool CheckArray(const char* name, const double* values, int num_points, int per_point,
                std::string* error) {
  if (values == nullptr) return Fail(std::string(name) + " is null", error);
  for (int i = 0; i < num_points; ++i) {
    if (!AllFinite(values + i * per_point, per_point)) {
      return Fail(std::string(name) + " of point " + std::to_string(i) + " is not finite", error);
    }
  }
  return true;
}

bool CheckWeights(const ObjectPoints& points, std::string* error) {
  if (points.w2d != nullptr && points.sqrt_info != nullptr) {
    return Fail("both w2d and sqrt_info are given", error);
  }
  if (points.sqrt_info != nullptr) {
    return CheckArray("sqrt_info", points.sqrt_info, points.num_points, 4, error);
  }
  if (points.w2d == nullptr) return true;
  if (!CheckArray("w2d", points.w2d, points.num_points, 2, error)) return false;
  for (int i = 0; i < 2 * points.num_points; ++i) {
    if (points.w2d[i] < 0) {
      return Fail("w2d of point " + std::to_string(i / 2) + " is negative", error);
    }
  }
  return true;
}

bool CheckPoints(const ObjectPoints& points, bool x3d_is_block, std::string* error) {
  constexpr int kMaxPoints = 1 << 28;  // 2 residuals and 3 parameters each stay within an int
  if (points.num_points < 1 || points.num_points > kMaxPoints) {
    return Fail("num_points is " + std::to_string(points.num_points), error);
  }
  return (x3d_is_block || CheckArray("x3d", points.x3d, points.num_points, 3, error)) &&
         CheckArray("x2d", points.x2d, points.num_points, 2, error) && CheckWeights(points, error);
}

// Fills in z_min where it is needed and not given.
bool ResolveZMin(const ObjectPoints& points, ReprojectionOptions* options, std::string* error) {
  bool clamps_depth = false;
  visit_camera(options->camera_model, [&clamps_depth](auto model) {
    clamps_depth = decltype(model)::template Camera<double>::kClampsDepth;
  });
  if (!clamps_depth || options->z_min > 0) return true;
  if (!options->point_block) options->z_min = DefaultZMin(points.x3d, points.num_points);
  if (options->z_min > 0) return true;
  return Fail("z_min is 0, and there is no constant object whose size would give it", error);
}

// Copies points into columns padded to whole chunks; weights that are not given are one.
void PackPoints(const ObjectPoints& points, int chunk, PointStore* store) {
  store->num_points = points.num_points;
  store->num_weights = points.sqrt_info != nullptr ? 4 : 2;
  store->padded = (points.num_points + chunk - 1) / chunk * chunk;
  store->columns.assign(static_cast<size_t>(5 + store->num_weights) * store->padded, 1.0);
  const auto pack = [&](const double* values, int per_point, int first_column) {
    if (values == nullptr) return;
    for (int k = 0; k < per_point; ++k) {
      double* column =
          store->columns.data() + static_cast<size_t>(first_column + k) * store->padded;
      for (int i = 0; i < store->padded; ++i) {
        column[i] = values[std::min(i, points.num_points - 1) * per_point + k];
      }
    }
  };
  pack(points.x3d, 3, 0);
  pack(points.x2d, 2, 3);
  pack(points.w2d, 2, 5);
  pack(points.sqrt_info, 4, 5);
}

}  // namespace

ReprojectionBlock::ReprojectionBlock(const ReprojectionOptions& given)
    : options(given), chain(given), camera_limit(0) {
  int next = static_cast<int>(chain.block_sizes().size());
  if (options.point_block) point_block = next++;
  if (options.intrinsics_block) intrinsics_block = next++;
  visit_camera(options.camera_model, [this](auto model) {
    using Camera = typename decltype(model)::template Camera<double>;
    camera_limit = Camera::monotone_limit(options.camera_parameters.data());
  });
}

std::vector<int> ReprojectionBlock::BlockSizes(int num_points) const {
  std::vector<int> sizes = chain.block_sizes();
  if (point_block >= 0) sizes.push_back(3 * num_points);
  if (intrinsics_block >= 0) {
    visit_camera(options.camera_model, [&sizes](auto model) {
      sizes.push_back(decltype(model)::template Camera<double>::kNumParameters);
    });
  }
  return sizes;
}

std::unique_ptr<ReprojectionData> ReprojectionData::Create(const ReprojectionOptions& options,
                                                           const ObjectPoints& points,
                                                           const RobustLoss<double>& loss,
                                                           int chunk, std::string* error) {
  ReprojectionOptions resolved = options;
  if (!options.Validate(error) || !ValidateLoss(loss, error) ||
      !CheckPoints(points, options.point_block, error) || !ResolveZMin(points, &resolved, error)) {
    return nullptr;
  }
  auto data = std::make_unique<ReprojectionData>(resolved);
  PackPoints(points, chunk, &data->store);
  data->loss = loss;
  return data;
}

}  // namespace propnp
