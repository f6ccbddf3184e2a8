// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/refine_poses.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <thread>

#include "propnp/ceres/refine_problem.h"

namespace propnp {
namespace {

using internal::RefineInput;
using internal::RefineObject;
using internal::RefineProblem;
using internal::RefineView;
using internal::SharedUnknowns;

// Reads an object and looks at its start; what is wrong goes to the result.
RefineObject ReadObject(const RefineInput& input, int64_t index, const double* pose,
                        RefinedObject* result) {
  RefineObject object = input.Read(index);
  result->covariance.size = object.layout.tangent_size();
  result->status = object.status;
  result->message = object.message;
  PoseState state;
  if (!ReadPose(object.layout, &pose, &state)) {
    result->status |= kRefineNonFiniteInput;
    if (result->message.empty()) result->message = "the start is not finite or has no rotation";
  }
  return object;
}

class Refiner {
 public:
  Refiner(const RefineInput& input, const RefineOptions& options, double* poses,
          RefineResult* result)
      : input_(input), options_(options), poses_(poses), result_(*result) {}

  // Every object by itself, in threads of consecutive objects.
  void RefineAlone() {
    const int64_t objects = input_.num_objects();
    const int64_t threads =
        std::clamp<int64_t>(options_.num_threads, 1, std::max<int64_t>(objects, 1));
    std::vector<std::thread> helpers;
    for (int64_t k = 1; k < threads; ++k) {
      helpers.emplace_back(
          [=] { RefineRange(k * objects / threads, (k + 1) * objects / threads); });
    }
    RefineRange(0, objects / threads);
    for (std::thread& helper : helpers) helper.join();
  }

  // All objects with what they share.
  void RefineJointly() {
    const int64_t count = input_.num_objects();
    std::vector<RefineObject> objects;
    objects.reserve(count);
    for (int64_t i = 0; i < count; ++i) {
      objects.push_back(ReadObject(input_, i, pose(i), &result_.objects[i]));
    }
    SharedUnknowns shared = Collect(objects);
    RefineProblem problem(input_, options_, &shared);
    for (int64_t i = 0; i < count; ++i) {
      if (result_.objects[i].status == 0) {
        problem.AddObject(objects[i], pose(i), &result_.objects[i]);
      }
    }
    problem.Solve();
    if (!options_.refined_intrinsics.empty()) result_.camera_parameters = shared.camera_parameters;
    if (options_.refine_points) ScatterPoints(objects, &shared);
    if (options_.progress) options_.progress(count);
  }

 private:
  double* pose(int64_t object) const { return poses_ + object * input_.pose_size(); }

  void RefineRange(int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      RefinedObject* result = &result_.objects[i];
      const RefineObject object = ReadObject(input_, i, pose(i), result);
      if (result->status == 0) {
        RefineProblem problem(input_, options_, nullptr);
        problem.AddObject(object, pose(i), result);
        problem.Solve();
      }
      if (!options_.progress) continue;
      const std::lock_guard<std::mutex> lock(progress_mutex_);
      options_.progress(++num_done_);
    }
  }

  SharedUnknowns Collect(const std::vector<RefineObject>& objects) const {
    SharedUnknowns shared;
    for (int64_t i = 0; i < input_.num_cameras(); ++i) {
      const auto& parameters = input_.camera(i).camera_parameters;
      shared.camera_parameters.insert(shared.camera_parameters.end(), parameters.begin(),
                                      parameters.end());
    }
    if (!options_.refine_points) return shared;
    for (size_t index = 0; index < objects.size(); ++index) {
      // Points that only bad objects see are no unknowns.
      if (result_.objects[index].status != 0) continue;
      for (const RefineView& view : objects[index].views) {
        for (int i = 0; i < view.num_points; ++i) {
          const int64_t row = static_cast<int64_t>(shared.row_of.size());
          if (!shared.row_of.emplace(view.point_ids[i], row).second) continue;
          shared.points.insert(shared.points.end(), &view.x3d[3 * i], &view.x3d[3 * i] + 3);
        }
      }
    }
    return shared;
  }

  void ScatterPoints(const std::vector<RefineObject>& objects, SharedUnknowns* shared) {
    result_.x3d.resize(3 * input_.num_points());
    for (const RefineObject& object : objects) {
      for (const RefineView& view : object.views) {
        for (int i = 0; i < view.num_points; ++i) {
          const bool refined = shared->row_of.count(view.point_ids[i]) > 0;
          std::copy_n(refined ? shared->point(view.point_ids[i]) : &view.x3d[3 * i], 3,
                      &result_.x3d[3 * (view.first_point + i)]);
        }
      }
    }
  }

  const RefineInput& input_;
  const RefineOptions& options_;
  double* const poses_;
  RefineResult& result_;
  std::mutex progress_mutex_;
  int64_t num_done_ = 0;
};

}  // namespace

bool RefineOptions::Validate(std::string* error) const {
  const auto fail = [error](const char* field, int value, const char* expected) {
    if (error != nullptr) {
      *error = std::string(field) + " is " + std::to_string(value) + ", expected " + expected;
    }
    return false;
  };
  if (max_iterations < 0) return fail("max_iterations", max_iterations, "0 or more");
  if (num_threads < 1) return fail("num_threads", num_threads, "1 or more");
  const int kind = static_cast<int>(covariance);
  if (kind < 0 || kind > static_cast<int>(CovarianceKind::kSandwich)) {
    return fail("covariance", kind, "a CovarianceKind");
  }
  for (int index : refined_intrinsics) {
    if (index < 0) return fail("refined_intrinsics", index, "an index of a camera parameter");
  }
  return true;
}

bool RefinePoses(const propnp_correspondences& correspondences, const propnp_cameras& cameras,
                 const propnp_cost_options& cost, const RefineOptions& options, double* poses,
                 RefineResult* result, std::string* error) {
  RefineInput input(correspondences, cameras, cost, options);
  if (!input.Check(error)) return false;
  if (poses == nullptr && input.num_objects() > 0) {
    if (error != nullptr) *error = "poses is null";
    return false;
  }
  *result = RefineResult();
  result->objects.resize(input.num_objects());
  Refiner refiner(input, options, poses, result);
  if (options.refined_intrinsics.empty() && !options.refine_points) {
    refiner.RefineAlone();
  } else {
    refiner.RefineJointly();
  }
  return true;
}

}  // namespace propnp
