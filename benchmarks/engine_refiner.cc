// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/engine_refiner.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <type_traits>

#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/engine/solve.h"

namespace propnp::bench {
template <typename T>
EngineRefiner<T>::EngineRefiner(const PoseProblem<T>* problem, int num_threads, int iterations)
    : context_(num_threads),
      pose_(problem->num_objects * 7),
      covariance_(problem->num_objects * 36),
      status_(problem->num_objects) {
  const int64_t num_objects = problem->num_objects, num_points = problem->num_points;
  correspondences_.num_objects = num_objects;
  correspondences_.x3d = View(problem->x3d.data(), {num_objects, num_points, 3});
  correspondences_.x2d = View(problem->x2d.data(), {num_objects, num_points, 2});
  correspondences_.w2d = View(problem->w2d.data(), {num_objects, num_points, 2});
  cameras_.model = View(&camera_model_, {1});
  cameras_.parameters = View(problem->camera.data(), {1, 5});
  options_.max_iterations = iterations;
  options_.tolerance = -1;

  args_.correspondences = &correspondences_;
  args_.cameras = &cameras_;
  args_.cost = &cost_;
  args_.options = &options_;
  args_.pose_init = View(problem->pose_init.data(), {num_objects, 7});
  args_.pose = View(pose_.data(), {num_objects, 7});
  args_.covariance = View(covariance_.data(), {num_objects, 6, 6});
  args_.status = View(status_.data(), {num_objects});

  workspace_.Provide(context_, SolveWorkspaceSize, &args_);
}

template <typename T>
void EngineRefiner<T>::Run() {
  RequireOk(Solve(context_, args_));
}

template <typename T>
std::array<double, 7> EngineRefiner<T>::pose(int64_t object) const {
  std::array<double, 7> pose;
  for (int i = 0; i < 7; ++i) pose[i] = pose_[object * 7 + i];
  return pose;
}

template <typename T>
int64_t EngineRefiner<T>::num_converged() const {
  return std::count(status_.begin(), status_.end(), PROPNP_STATUS_CONVERGED);
}

template <typename T>
Method EngineMethod(const std::string& name, const LazyProblem<T>& problem, int num_threads,
                    int iterations) {
  Method method;
  method.name = name;
  method.precision = std::is_same_v<T, double> ? "double" : "float";
  method.threads = num_threads;
  method.isa = InstructionSetName(CurrentInstructionSet());
  method.prepare = [=]() -> Call {
    const auto shared = problem();
    const auto refiner = std::make_shared<EngineRefiner<T>>(shared.get(), num_threads, iterations);
    refiner->Run();
    if (iterations > 0 && refiner->num_converged() < .99 * shared->num_objects) {
      throw std::runtime_error(name + " does not converge");
    }
    return [shared, refiner] { refiner->Run(); };
  };
  return method;
}

template class EngineRefiner<float>;
template class EngineRefiner<double>;
template Method EngineMethod(const std::string&, const LazyProblem<float>&, int, int);
template Method EngineMethod(const std::string&, const LazyProblem<double>&, int, int);

}  // namespace propnp::bench
