// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/opencv_methods.h"

#include <ceres/rotation.h>

#include <opencv2/calib3d.hpp>
#include <opencv2/core/utility.hpp>
#include <opencv2/core/version.hpp>
#include <string>
#include <utility>

namespace propnp::bench {
namespace {

// The problem in OpenCV's types, which refer to the problem's memory.
class OpenCvProblem {
 public:
  explicit OpenCvProblem(std::shared_ptr<const PoseProblem<double>> problem)
      : problem_(std::move(problem)) {
    const auto& [fx, fy, cx, cy, skew] = problem_->camera;
    camera_ = (cv::Mat_<double>(3, 3) << fx, skew, cx, 0, fy, cy, 0, 0, 1);
  }

  int64_t num_objects() const { return problem_->num_objects; }
  const PoseProblem<double>& problem() const { return *problem_; }
  const cv::Mat& camera() const { return camera_; }

  cv::Mat points(int64_t object) const {
    return Column(problem_->x3d.data() + object * problem_->num_points * 3, CV_64FC3);
  }
  cv::Mat pixels(int64_t object) const {
    return Column(problem_->x2d.data() + object * problem_->num_points * 2, CV_64FC2);
  }

  void SetStart(int64_t object) {
    const double* pose = problem_->pose_init.data() + object * 7;
    double angle_axis[3];
    ceres::QuaternionToAngleAxis(pose + 3, angle_axis);
    rotation = (cv::Mat_<double>(3, 1) << angle_axis[0], angle_axis[1], angle_axis[2]);
    translation = (cv::Mat_<double>(3, 1) << pose[0], pose[1], pose[2]);
  }

  std::array<double, 7> pose() const {
    std::array<double, 7> pose;
    for (int i = 0; i < 3; ++i) pose[i] = translation.at<double>(i);
    ceres::AngleAxisToQuaternion(rotation.ptr<double>(), pose.data() + 3);
    return pose;
  }

  cv::Mat rotation, translation;

 private:
  cv::Mat Column(const double* data, int type) const {
    return cv::Mat(static_cast<int>(problem_->num_points), 1, type, const_cast<double*>(data));
  }

  std::shared_ptr<const PoseProblem<double>> problem_;
  cv::Mat camera_;
};

// `refine` improves the pose of one object.
template <typename Refine>
Method OpenCvMethod(const std::string& name, const LazyProblem<double>& lazy,
                    const Refine& refine) {
  Method method;
  method.name = name;
  method.peer = "OpenCV " CV_VERSION;
  method.precision = "double";
  method.isa = "own";
  method.prepare = [=]() -> Call {
    cv::setNumThreads(1);
    const auto problem = std::make_shared<OpenCvProblem>(lazy());
    Call call = [=] {
      for (int64_t object = 0; object < problem->num_objects(); ++object) {
        problem->SetStart(object);
        refine(problem.get(), object);
      }
    };
    call();
    if (problem->num_objects() == 1) RequireOptimum(problem->problem(), problem->pose(), name);
    return call;
  };
  return method;
}

}  // namespace

Method OpenCvRefineMethod(const LazyProblem<double>& problem, int iterations) {
  const cv::TermCriteria criteria(cv::TermCriteria::COUNT + cv::TermCriteria::EPS, iterations, 0);
  return OpenCvMethod("solvePnPRefineLM, " + std::to_string(iterations) + " iterations", problem,
                      [=](OpenCvProblem* p, int64_t object) {
                        cv::solvePnPRefineLM(p->points(object), p->pixels(object), p->camera(),
                                             cv::noArray(), p->rotation, p->translation, criteria);
                      });
}

Method OpenCvSolveMethod(const LazyProblem<double>& problem) {
  return OpenCvMethod("solvePnP from a guess", problem, [](OpenCvProblem* p, int64_t object) {
    cv::solvePnP(p->points(object), p->pixels(object), p->camera(), cv::noArray(), p->rotation,
                 p->translation,
                 /*useExtrinsicGuess=*/true, cv::SOLVEPNP_ITERATIVE);
  });
}

}  // namespace propnp::bench
