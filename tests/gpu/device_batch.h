// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A training step's three calls on a batch that lies on the device: posterior with gradient, one
// Gauss-Newton step from the best mode, and its vector-Jacobian product.
#ifndef PROPNP_TESTS_GPU_DEVICE_BATCH_H_
#define PROPNP_TESTS_GPU_DEVICE_BATCH_H_

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "propnp/engine/pose_plus.h"
#include "propnp/engine/sample_posterior.h"
#include "propnp/engine/solve.h"
#include "tests/engine/simulation.h"

namespace propnp::test {

inline void CheckCuda(cudaError_t result) {
  ASSERT_EQ(result, cudaSuccess) << cudaGetErrorString(result);
}

// An array in device memory.
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(size_t bytes) : bytes_(bytes) {
    CheckCuda(cudaMalloc(&data_, bytes > 0 ? bytes : 1));
    CheckCuda(cudaMemset(data_, 0xFF, bytes));  // NaN, so that nothing unwritten goes unnoticed
    CheckCuda(cudaDeviceSynchronize());         // streams that do not wait for it come next
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(other.bytes_) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_), std::swap(bytes_, other.bytes_);
    return *this;
  }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  template <typename T>
  void Set(const std::vector<T>& values) {
    CheckCuda(cudaMemcpy(data_, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  }
  template <typename T>
  std::vector<T> Get() const {
    std::vector<T> values(bytes_ / sizeof(T));
    if (bytes_ == 0) return values;
    CheckCuda(cudaMemcpy(values.data(), data_, bytes_, cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

template <typename T>
DeviceArray Upload(const std::vector<T>& values) {
  DeviceArray array(values.size() * sizeof(T));
  array.Set(values);
  return array;
}

// Numbers in single precision, as training has them.
inline std::vector<float> Floats(const std::vector<double>& values) {
  return std::vector<float>(values.begin(), values.end());
}

template <typename T>
propnp_tensor DeviceView(const DeviceArray& array, std::initializer_list<int64_t> shape) {
  return View(static_cast<const T*>(array.data()), shape);
}

struct StepOptions {
  int samples = 512;
  int starts = 64, start_points = 16, start_iterations = 3;
  bool box = false;
  bool summaries = false;  // of the samples, too
};

// Pointers go into itself: not to be moved.
class DeviceStep {
 public:
  DeviceStep(const Batch& b, const StepOptions& options) : batch_(b) {
    const int64_t n = b.num_objects, p = b.pose_size(), points = b.num_points;
    x3d_ = Upload(Floats(b.x3d)), x2d_ = Upload(Floats(b.x2d));
    w2d_ = Upload(std::vector<float>(2 * n * points, 1.0f));
    target_ = Upload(Floats(b.true_pose));
    model_ = Upload(b.camera_model), parameters_ = Upload(b.camera_parameters);
    box_ = Upload(std::vector<float>{-200, -200, 840, 680});
    seed_ = Upload(std::vector<uint64_t>{1});
    log_evidence_ = DeviceArray(4 * n), mode_ = DeviceArray(4 * n * p);
    status_ = DeviceArray(4 * n), plus_ = DeviceArray(4 * n * p);
    cotangent_ = Upload(std::vector<float>(n * p, 0.1f));
    for (DeviceArray* g : {&grad_x3d_, &plus_x3d_}) *g = DeviceArray(12 * n * points);
    for (DeviceArray* g : {&grad_x2d_, &grad_w2d_, &plus_x2d_, &plus_w2d_}) {
      *g = DeviceArray(8 * n * points);
    }

    correspondences_.num_objects = n;
    correspondences_.x3d = DeviceView<float>(x3d_, {n, points, 3});
    correspondences_.x2d = DeviceView<float>(x2d_, {n, points, 2});
    correspondences_.w2d = DeviceView<float>(w2d_, {n, points, 2});
    cameras_.model = DeviceView<int32_t>(model_, {1});
    cameras_.parameters = DeviceView<double>(parameters_, {1, PROPNP_MAX_CAMERA_PARAMETERS});
    if (options.box) cameras_.box_px = DeviceView<float>(box_, {1, 4});
    cost_ = b.cost;
    cost_.loss = PROPNP_LOSS_ADAPTIVE_HUBER;
    start_options_.num_starts = options.starts;
    start_options_.start_points = options.start_points;
    start_options_.start_iterations = options.start_iterations;
    sample_options_.num_samples = options.samples;
    sample_options_.seed_pointer = static_cast<const uint64_t*>(seed_.data());

    Attach(&sample_), Attach(&pose_plus_), Attach(&backward_);
    sample_.start_options = &start_options_;
    sample_.options = &sample_options_;
    sample_.precision = PROPNP_FLOAT32;
    sample_.pose_target = DeviceView<float>(target_, {n, p});
    sample_.loss_gradient = 1;
    sample_.log_evidence = DeviceView<float>(log_evidence_, {n});
    sample_.mode_pose = DeviceView<float>(mode_, {n, 1, p});
    sample_.status = DeviceView<int32_t>(status_, {n});
    sample_.grad_x3d = DeviceView<float>(grad_x3d_, {n, points, 3});
    sample_.grad_x2d = DeviceView<float>(grad_x2d_, {n, points, 2});
    sample_.grad_w2d = DeviceView<float>(grad_w2d_, {n, points, 2});
    pose_plus_.pose = DeviceView<float>(mode_, {n, p});
    pose_plus_.pose_plus = DeviceView<float>(plus_, {n, p});
    backward_.pose = pose_plus_.pose;
    backward_.pose_plus_cotangent = DeviceView<float>(cotangent_, {n, p});
    gradients_.x3d = DeviceView<float>(plus_x3d_, {n, points, 3});
    gradients_.x2d = DeviceView<float>(plus_x2d_, {n, points, 2});
    gradients_.w2d = DeviceView<float>(plus_w2d_, {n, points, 2});
    backward_.gradients = &gradients_;
    if (options.summaries) AskForSummaries();
    TakeWorkspace();
  }
  DeviceStep(const DeviceStep&) = delete;

  // Puts the step on a stream.
  void Run(cudaStream_t stream) {
    sample_.stream = pose_plus_.stream = backward_.stream = stream;
    ExpectOk(SamplePosterior(context_, sample_));
    ExpectOk(PosePlus(context_, pose_plus_));
    ExpectOk(PosePlusBackward(context_, backward_));
  }

  void SetSeed(uint64_t seed) { seed_.Set(std::vector<uint64_t>{seed}); }
  DeviceArray& x2d() { return x2d_; }
  uint64_t workspace_bytes() const { return workspace_.bytes(); }

  // Every number of the outputs.
  std::vector<float> Outputs() const {
    std::vector<float> all;
    for (const DeviceArray* a :
         {&log_evidence_, &mode_, &plus_, &grad_x3d_, &grad_x2d_, &grad_w2d_, &plus_x3d_,
          &plus_x2d_, &plus_w2d_, &mean_, &covariance_, &quantiles_, &draws_}) {
      const std::vector<float> part = a->Get<float>();
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }
  std::vector<int32_t> Status() const { return status_.Get<int32_t>(); }

 private:
  template <typename Args>
  void Attach(Args* args) {
    args->correspondences = &correspondences_;
    args->cameras = &cameras_;
    args->cost = &cost_;
    args->device = 0;
  }

  static void ExpectOk(const propnp::Status& status) {
    ASSERT_TRUE(status.ok()) << status.message();
  }

  void AskForSummaries() {
    constexpr int64_t kDraws = 20;
    const int64_t n = batch_.num_objects, p = batch_.pose_size(), d = batch_.cost.dof;
    levels_ = Upload(std::vector<float>{0.1f, 0.5f});
    mean_ = DeviceArray(4 * n * p), covariance_ = DeviceArray(4 * n * d * d);
    quantiles_ = DeviceArray(4 * n * 2 * d), draws_ = DeviceArray(4 * n * kDraws * p);
    sample_.mean_pose = DeviceView<float>(mean_, {n, p});
    sample_.covariance = DeviceView<float>(covariance_, {n, d, d});
    sample_.quantile_levels = DeviceView<float>(levels_, {2});
    sample_.quantiles = DeviceView<float>(quantiles_, {n, 2, d});
    sample_.draws = DeviceView<float>(draws_, {n, kDraws, p});
  }

  void TakeWorkspace() {
    uint64_t bytes[3] = {};
    ExpectOk(SamplePosteriorWorkspaceSize(context_, sample_, &bytes[0]));
    ExpectOk(PosePlusWorkspaceSize(context_, pose_plus_, &bytes[1]));
    ExpectOk(PosePlusBackwardWorkspaceSize(context_, backward_, &bytes[2]));
    workspace_ = DeviceArray(std::max(bytes[0], std::max(bytes[1], bytes[2])));
    sample_.workspace = pose_plus_.workspace = backward_.workspace = workspace_.data();
    sample_.workspace_size = workspace_.bytes();
    pose_plus_.workspace_size = backward_.workspace_size = workspace_.bytes();
  }

  const Batch batch_;
  Context context_{1};
  DeviceArray x3d_, x2d_, w2d_, target_, model_, parameters_, box_, seed_;
  DeviceArray log_evidence_, mode_, status_, plus_, cotangent_, workspace_;
  DeviceArray grad_x3d_, grad_x2d_, grad_w2d_, plus_x3d_, plus_x2d_, plus_w2d_;
  DeviceArray levels_, mean_, covariance_, quantiles_, draws_;
  Correspondences correspondences_;
  Cameras cameras_;
  CostOptions cost_;
  SolveOptions start_options_;
  SampleOptions sample_options_;
  SampleArgs sample_;
  PosePlusArgs pose_plus_;
  PosePlusBackwardArgs backward_;
  Gradients gradients_;
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_GPU_DEVICE_BATCH_H_
