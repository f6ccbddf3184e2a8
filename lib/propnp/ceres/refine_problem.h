// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// One ceres::Problem of one or many poses. Internal to RefinePoses.
#ifndef PROPNP_CERES_REFINE_PROBLEM_H_
#define PROPNP_CERES_REFINE_PROBLEM_H_

#include <ceres/problem.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "propnp/ceres/refine_input.h"

namespace propnp::internal {

// What the poses of a joint problem share.
struct SharedUnknowns {
  std::vector<double> camera_parameters;        // C x PROPNP_MAX_CAMERA_PARAMETERS
  std::unordered_map<int64_t, int64_t> row_of;  // by point id
  std::vector<double> points;                   // 3 a row

  double* camera(int64_t index) { return &camera_parameters[index * PROPNP_MAX_CAMERA_PARAMETERS]; }
  double* point(int64_t id) { return &points[3 * row_of.at(id)]; }
};

class RefineProblem {
 public:
  // `shared` is null when only poses are refined.
  RefineProblem(const RefineInput& input, const RefineOptions& options, SharedUnknowns* shared);

  // Adds the residuals of an object that is fit to be used; `pose` is its parameter block. On
  // failure the problem is as before and the object has a status and a message.
  void AddObject(const RefineObject& object, double* pose, RefinedObject* result);

  // Solves, and fills in the results of all objects that were added.
  void Solve();

 private:
  struct Member {
    const RefineObject* object;
    double* pose;
    RefinedObject* result;
    std::vector<ceres::ResidualBlockId> residuals;
  };

  bool AddView(const RefineView& view, Member* member);
  bool AddViewPoints(const ReprojectionOptions& options, const RefineView& view, Member* member);
  void SetCameraManifold(int64_t camera);
  double CostOf(const Member& member) const;
  double BehindFraction(const Member& member) const;
  void FinishAlone(Member* member);
  void FillResult(Member* member);

  const RefineInput& input_;
  const RefineOptions& options_;
  SharedUnknowns* const shared_;
  ceres::Problem problem_;
  std::vector<Member> members_;
};

}  // namespace propnp::internal

#endif  // PROPNP_CERES_REFINE_PROBLEM_H_
