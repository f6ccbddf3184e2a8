// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Calls of differentiable operations on the batches of gradient_batch.h, and the check of a
// gradient by differences of the operation's own value.
#ifndef PROPNP_TESTS_ENGINE_GRADIENT_CASE_H_
#define PROPNP_TESTS_ENGINE_GRADIENT_CASE_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "propnp/engine/input_gradient.h"
#include "propnp/engine/sample_posterior.h"
#include "tests/engine/gradient_batch.h"

namespace propnp::test {

// Places for all gradients of a batch, each filled with a value that is never written.
struct GradientOutputs {
  std::vector<double> x3d, x2d, w2d, sqrt_info, delta, relative_delta, camera, prior_mean,
      prior_sigma, prior_covariance;
  Gradients gradients;

  explicit GradientOutputs(const GradientBatch& b)
      : x3d(b.x3d.size(), kNaN),
        x2d(b.x2d.size(), kNaN),
        w2d(b.w2d.size(), kNaN),
        sqrt_info(b.sqrt_info.size(), kNaN),
        delta(b.num_objects, kNaN),
        relative_delta(b.num_objects, kNaN),
        camera(b.num_views * PROPNP_MAX_CAMERA_PARAMETERS, kNaN),
        prior_mean(b.prior_size() * b.num_objects, kNaN),
        prior_sigma(b.prior_triangle.empty() ? 3 * b.num_objects : 0, kNaN),
        prior_covariance(
            b.prior_triangle.empty() ? 0 : b.prior_size() * b.prior_size() * b.num_objects, kNaN) {
    const int64_t p = b.num_points, n = b.num_objects;
    gradients.x3d = ViewOrNone(x3d, {p, 3});
    gradients.x2d = ViewOrNone(x2d, {p, 2});
    gradients.w2d = ViewOrNone(w2d, {p, 2});
    gradients.sqrt_info = ViewOrNone(sqrt_info, {p, 2, 2});
    gradients.delta = ViewOrNone(delta, {n});
    gradients.relative_delta = ViewOrNone(relative_delta, {n});
    gradients.camera_parameters = ViewOrNone(camera, {b.num_views, PROPNP_MAX_CAMERA_PARAMETERS});
    const int64_t d = b.prior_size();
    gradients.prior_mean = ViewOrNone(prior_mean, {n, d});
    gradients.prior_covariance = ViewOrNone(prior_covariance, {n, d, d});
    gradients.prior_sigma = ViewOrNone(prior_sigma, {n, 3});
  }
  GradientOutputs(const GradientOutputs&) = delete;

  std::vector<const std::vector<double>*> All() const {
    return {&x3d,    &x2d,        &w2d,         &sqrt_info,       &delta, &relative_delta,
            &camera, &prior_mean, &prior_sigma, &prior_covariance};
  }
};

// The structs of a batch that a call points to.
struct GradientInputs {
  Correspondences correspondences;
  Cameras cameras;
  CostOptions cost;
  Prior prior;
  std::vector<double> prior_pose, prior_covariance;

  explicit GradientInputs(const GradientBatch& b)
      : correspondences(CorrespondencesOf(b)), cameras(CamerasOf(b)), cost(b.cost) {
    cost.object_delta = ViewOrNone(b.object_delta, {b.num_objects});
    prior.mean = ViewOrNone(b.prior_mean, {b.num_objects, 3});
    prior.sigma = ViewOrNone(b.prior_sigma, {b.num_objects, 3});
    if (!b.prior_triangle.empty()) FillCovariance(b);
    if (!b.prior_pose.empty()) FillPriorPose(b);
    if (!b.prior_mean.empty() || !b.prior_pose.empty()) cost.prior = &prior;
  }
  GradientInputs(const GradientInputs&) = delete;

  template <typename Args>
  void Attach(Args* args) const {
    args->correspondences = &correspondences;
    args->cameras = &cameras;
    args->cost = &cost;
  }

 private:
  void FillCovariance(const GradientBatch& b) {
    const int64_t d = b.prior_size();
    prior_covariance.resize(b.num_objects * d * d);
    const double* entry = b.prior_triangle.data();
    for (int64_t i = 0; i < b.num_objects * d; ++i) {
      double* const matrix = &prior_covariance[i / d * d * d];
      for (int64_t j = 0; j <= i % d; ++j) matrix[i % d * d + j] = matrix[j * d + i % d] = *entry++;
    }
    prior.covariance = View(prior_covariance.data(), {b.num_objects, d, d});
  }

  void FillPriorPose(const GradientBatch& b) {
    prior_pose = b.prior_pose;
    for (int64_t i = 0; i < b.num_objects; ++i) {
      double* const pose = &prior_pose[i * b.pose_size()];
      const double* const step = &b.prior_step[i * b.cost.dof];
      b.cost.dof == 6 ? SixDof<double>().retract(pose, step, pose)
                      : FourDof<double>().retract(pose, step, pose);
    }
    prior.kind = PROPNP_PRIOR_POSE;
    prior.pose = View(prior_pose.data(), {b.num_objects, b.pose_size()});
  }
};

// From (B, D, D) to the triangles' entries, which stand for two where they are off the diagonal.
inline std::vector<double> GradientOfTriangles(const std::vector<double>& matrices, int64_t d) {
  std::vector<double> entries;
  for (size_t row = 0; row < matrices.size() / d; ++row) {
    const int64_t i = row % d;
    const double* const matrix = &matrices[(row - i) * d];
    for (int64_t j = 0; j <= i; ++j) {
      entries.push_back(i == j ? matrix[i * d + i] : matrix[i * d + j] + matrix[j * d + i]);
    }
  }
  return entries;
}

// Turns an adaptive Huber loss into the Huber loss that it amounts to.
inline void HoldDelta(GradientBatch* b) {
  if (b->cost.loss != PROPNP_LOSS_ADAPTIVE_HUBER) return;
  EvaluateCall evaluate(*b, b->true_pose);
  EXPECT_TRUE(evaluate.Run(SharedContext()).ok());
  b->cost.loss = PROPNP_LOSS_HUBER;
  b->object_delta = evaluate.delta;
}

// f'(0) from five values; its error is step^4.
inline double Difference(const std::function<double(double)>& f, double step) {
  return (8 * (f(step) - f(-step)) - (f(2 * step) - f(-2 * step))) / (12 * step);
}

// f'(0) from values at steps that are not negative; error step^4 too.
inline double OneSidedDifference(const std::function<double(double)>& f, double step) {
  return (-25 * f(0) + 48 * f(step) - 36 * f(2 * step) + 16 * f(3 * step) - 3 * f(4 * step)) /
         (12 * step);
}

// Compares gradients with differences of value(batch), entry by entry: within `relative` of the
// entry, or a tenth of that of the largest entry of its kind (one kind is one column), or what
// rounding of the value (a few 1e-15 of it) leaves of a difference over the step. Of four steps
// one must agree: a larger one may reach across a kink of the loss, a smaller one drowns in
// rounding.
class DifferenceCheck {
 public:
  DifferenceCheck(GradientBatch batch, std::function<double(const GradientBatch&)> value,
                  double relative)
      : batch_(std::move(batch)), value_(std::move(value)), relative_(relative) {}

  void ExpectAll(const GradientOutputs& g) {
    Expect("x3d", &batch_.x3d, g.x3d, 1, 2e-4);
    const GradientBatch kept = batch_;
    HoldDelta(&batch_);  // the adaptive delta passes nothing on to x2d
    Expect("x2d", &batch_.x2d, g.x2d, 1, 5e-3);
    batch_ = kept;
    Expect("w2d", &batch_.w2d, g.w2d, 1, 2e-4);
    Expect("sqrt_info", &batch_.sqrt_info, g.sqrt_info, 1, 2e-4);
    Expect("prior_mean", &batch_.prior_mean, g.prior_mean, 1, 1e-4);
    Expect("prior_pose", &batch_.prior_step, g.prior_mean, 1, 1e-4);
    Expect("prior_covariance", &batch_.prior_triangle,
           GradientOfTriangles(g.prior_covariance, batch_.prior_size()), 1, 1e-6);
    Expect("prior_sigma", &batch_.prior_sigma, g.prior_sigma, 1, 1e-5);
    Expect("camera_parameters", &batch_.camera_parameters, g.camera, PROPNP_MAX_CAMERA_PARAMETERS,
           1e-4);
    const bool adaptive = batch_.cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER;
    Expect("object_delta", &batch_.object_delta, adaptive ? g.relative_delta : g.delta, 1,
           adaptive ? 1e-5 : 2e-4);
    if (!adaptive) {
      EXPECT_EQ(g.relative_delta, std::vector<double>(batch_.num_objects, 0.0));
    }
    if (batch_.prior_mean.empty() && batch_.prior_pose.empty()) {
      EXPECT_EQ(g.prior_mean, std::vector<double>(3 * batch_.num_objects, 0.0));
      EXPECT_EQ(g.prior_sigma, std::vector<double>(3 * batch_.num_objects, 0.0));
    }
  }

  // `input` is a member of this check's own batch; entries i, i + period ... are of one kind.
  void Expect(const std::string& name, std::vector<double>* input,
              const std::vector<double>& gradient, size_t period, double step) {
    if (input->empty()) return;
    ASSERT_EQ(input->size(), gradient.size()) << name;
    const double size = value_size_ + std::fabs(value_(batch_));
    std::vector<double> largest(period, 0.0);
    for (size_t i = 0; i < input->size(); ++i) {
      largest[i % period] = std::max(largest[i % period], std::fabs(gradient[i]));
    }
    for (size_t i = 0; i < input->size(); ++i) {
      double difference = 0;
      bool agrees = false;
      for (double h = step; h > step / 1000 && !agrees; h /= 8) {
        difference = DifferenceOf(&(*input)[i], h);
        const double scale = std::fabs(difference) + 0.1 * largest[i % period];
        agrees = std::fabs(gradient[i] - difference) <= relative_ * scale + 4e-15 * size / h;
      }
      EXPECT_TRUE(agrees) << name << "[" << i << "] is " << gradient[i] << ", differences say "
                          << difference;
    }
  }

  // How large the numbers are that the value is a difference of; 1 by default.
  void SetValueSize(double size) { value_size_ = size; }

 private:
  static bool IsIn(const std::vector<double>& values, const double* entry) {
    return entry >= values.data() && entry < values.data() + values.size();
  }

  double DifferenceOf(double* entry, double step) {
    const double kept = *entry;
    // Focal lengths and principal points are a hundred times more than any other number.
    if (IsIn(batch_.camera_parameters, entry) && std::fabs(kept) > 100) step *= 100;
    const auto value_at = [&](double h) {
      *entry = kept + h;
      return value_(batch_);
    };
    const bool at_bound = kept == 0 && IsIn(batch_.w2d, entry);  // no weight is negative
    const double slope = at_bound ? OneSidedDifference(value_at, step) : Difference(value_at, step);
    *entry = kept;
    return slope;
  }

  GradientBatch batch_;
  std::function<double(const GradientBatch&)> value_;
  double relative_;
  double value_size_ = 1;
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_GRADIENT_CASE_H_
