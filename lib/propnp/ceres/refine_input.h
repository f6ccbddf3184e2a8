// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The engine's views, checked once and then read object by object. Internal to RefinePoses.
#ifndef PROPNP_CERES_REFINE_INPUT_H_
#define PROPNP_CERES_REFINE_INPUT_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "propnp/ceres/refine_poses.h"
#include "propnp/ceres/reprojection_cost.h"
#include "propnp/ceres/tensor_view.h"

namespace propnp::internal {

// One view's points, copied.
struct RefineView {
  int64_t camera = 0;
  std::array<double, 7> cam_from_rig{0, 0, 0, 1, 0, 0, 0};
  int64_t first_point = 0;  // among all points of all views, padding left out
  int num_points = 0;
  std::vector<double> x3d, x2d, w2d, sqrt_info;  // one of the last two, or neither
  std::vector<int64_t> point_ids;                // if points are refined

  ObjectPoints points() const;
  bool IsWeighted(int point) const;
};

struct RefineObject {
  PoseLayout layout;
  std::vector<RefineView> views;
  RobustLoss<double> loss;
  double z_min = 0;
  int64_t weighted_points = 0;
  uint32_t status = 0;  // kRefineNonFiniteInput, kRefineTooFewPoints: not to be used
  std::string message;
};

class RefineInput {
 public:
  // The arguments must outlive this.
  RefineInput(const propnp_correspondences& correspondences, const propnp_cameras& cameras,
              const propnp_cost_options& cost, const RefineOptions& options);

  // Checks everything but the values of points and poses, and resolves the layout. Nothing else may
  // be called before this has returned true.
  bool Check(std::string* error);

  int64_t num_objects() const { return correspondences_.num_objects; }
  int64_t num_cameras() const { return num_cameras_; }
  int64_t num_points() const { return first_points_.back(); }
  int pose_size() const { return cost_.dof == 4 ? 4 : 7; }

  // Model, parameters and box of a camera.
  const ReprojectionOptions& camera(int64_t index) const { return camera_options_[index]; }
  int num_camera_parameters(int64_t index) const;

  // Copies an object and looks at its numbers.
  RefineObject Read(int64_t object) const;

 private:
  bool CheckLayout(std::string* error);
  bool CheckViews(std::string* error) const;
  bool CheckPointTensors(std::string* error) const;
  bool CheckCameras(std::string* error);
  bool CheckCost(std::string* error) const;
  bool CheckOptions(std::string* error) const;

  void ViewsOf(int64_t object, int64_t* begin, int64_t* end) const;
  int64_t CountOf(int64_t view) const { return first_points_[view + 1] - first_points_[view]; }
  int64_t CameraOf(int64_t view) const;
  RefineView ReadView(int64_t view) const;
  bool ReadRig(int64_t view, RefineView* out) const;
  bool ReadLayout(int64_t object, PoseLayout* layout) const;
  bool ReadLoss(int64_t object, RefineObject* out) const;
  // Appends `size` numbers of every point of the view; per point they are a (size) or (size/2, 2).
  void ReadPoints(const TensorView& tensor, int64_t view, int size, std::vector<double>* out) const;
  bool CheckPointTensor(const TensorView& tensor, std::initializer_list<int64_t> per_point,
                        TensorView::Type type, std::string* error) const;

  const propnp_correspondences& correspondences_;
  const propnp_cameras& cameras_;
  const propnp_cost_options& cost_;
  const RefineOptions& options_;
  const TensorView x3d_, x2d_, w2d_, sqrt_info_, counts_, offsets_;
  const TensorView view_offsets_, view_camera_, view_rig_, camera_from_rig_, base_rotation_;
  const TensorView object_delta_, point_ids_;
  bool dense_ = false;
  int64_t num_views_ = 0, num_cameras_ = 0;
  std::vector<int64_t> first_points_;  // V + 1
  std::vector<ReprojectionOptions> camera_options_;
};

}  // namespace propnp::internal

#endif  // PROPNP_CERES_REFINE_INPUT_H_
