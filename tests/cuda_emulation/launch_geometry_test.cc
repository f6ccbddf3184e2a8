// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Batches from one object to a million, of 3 to 65,536 points, and 32 to 16,384 samples: no shape
// is refused, no launch leaves what a device takes, and an index may pass 2^31.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "propnp/engine/evaluate.h"
#include "propnp/engine/implicit_gradient.h"
#include "propnp/engine/pose_plus.h"
#include "propnp/engine/sample_backward.h"
#include "propnp/engine/sample_expectation.h"
#include "propnp/engine/sample_posterior.h"
#include "propnp/engine/solve.h"
#include "tests/cuda_emulation/parity.h"

namespace propnp::test {
namespace {

// Address space of which only what is written to takes memory.
class SparseMemory {
 public:
  explicit SparseMemory(size_t bytes) : bytes_(bytes) {
    data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  ~SparseMemory() {
    if (ok()) munmap(data_, bytes_);
  }
  SparseMemory(const SparseMemory&) = delete;
  bool ok() const { return data_ != MAP_FAILED; }
  template <typename T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_;
  size_t bytes_;
};

struct Launch {
  long long blocks;
  int threads;
  size_t shared_bytes;
  std::string name;
};

// What the emulated device is asked to run while this lives; it runs nothing of it.
class LaunchRecord {
 public:
  LaunchRecord() : path_(NewPath()) {
    std::remove(path_.c_str());
    setenv("PROPNP_EMULATION_LAUNCHES", path_.c_str(), 1);
  }
  ~LaunchRecord() {
    unsetenv("PROPNP_EMULATION_LAUNCHES");
    std::remove(path_.c_str());
  }
  LaunchRecord(const LaunchRecord&) = delete;

  std::vector<Launch> All() const {
    std::vector<Launch> launches;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      Launch l = {};
      fields >> l.blocks >> l.threads >> l.shared_bytes >> std::ws;
      std::getline(fields, l.name);
      launches.push_back(l);
    }
    return launches;
  }

 private:
  static std::string NewPath() {
    static int count = 0;
    return ::testing::TempDir() + "propnp_launches_" + std::to_string(getpid()) + "_" +
           std::to_string(count++);
  }

  const std::string path_;
};

// A batch whose numbers nobody reads: every tensor is the same few bytes.
struct ShapeOnly {
  Correspondences correspondences;
  Cameras cameras;
  CostOptions cost;
  Prior prior;
  Gradients gradients;
  int64_t objects, points, samples;

  template <typename T>
  static propnp_tensor Tensor(std::initializer_list<int64_t> shape) {
    alignas(64) static char bytes[64];
    return View(reinterpret_cast<const T*>(bytes), shape);
  }
  static propnp_tensor Floats(std::initializer_list<int64_t> shape) { return Tensor<float>(shape); }

  ShapeOnly(int64_t b, int64_t n, int64_t s) : objects(b), points(n), samples(s) {
    correspondences.num_objects = b;
    correspondences.x3d = gradients.x3d = Floats({b, n, 3});
    correspondences.x2d = gradients.x2d = Floats({b, n, 2});
    correspondences.w2d = gradients.w2d = Floats({b, n, 2});
    cameras.model = Tensor<int32_t>({1});
    cameras.parameters = Floats({1, PROPNP_MAX_CAMERA_PARAMETERS});
    prior.kind = PROPNP_PRIOR_POSE;
    prior.pose = Floats({b, 7});
    prior.covariance = gradients.prior_covariance = Floats({b, 6, 6});
    gradients.prior_mean = Floats({b, 6});
    cost.prior = &prior;
  }

  template <typename Args>
  void Attach(Args* args) const {
    args->correspondences = &correspondences;
    args->cameras = &cameras;
    args->cost = &cost;
    args->device = 0;
  }
};

// One call in a workspace of the size that it says, which nobody touches.
template <typename Args, typename Size, typename Run>
void ExpectAccepted(Args* args, const Size& size, const Run& run) {
  uint64_t bytes = 0;
  const Status sized = size(SharedContext(), *args, &bytes);
  ASSERT_TRUE(sized.ok()) << sized.message();
  // Of a slice of the batch, and a number of each of its points.
  EXPECT_LT(bytes, (uint64_t{3} << 29) + 8 * args->correspondences->x3d.shape[0] *
                                             args->correspondences->x3d.shape[1]);
  args->workspace = reinterpret_cast<void*>(uintptr_t{1} << 20);
  args->workspace_size = bytes;
  const Status status = run(SharedContext(), *args);
  EXPECT_TRUE(status.ok()) << status.message();
}

void CallEverything(const ShapeOnly& shape) {
  const int64_t b = shape.objects, s = shape.samples;
  const propnp_tensor poses = ShapeOnly::Floats({b, 7}), sampled = ShapeOnly::Floats({b, s, 7});
  SolveOptions solve_options;
  solve_options.num_starts = 128, solve_options.start_points = 8;

  EvaluateArgs evaluate;
  shape.Attach(&evaluate);
  evaluate.pose = poses;
  ExpectAccepted(&evaluate, EvaluateWorkspaceSize, Evaluate);

  SolveArgs solve;
  shape.Attach(&solve);
  solve.options = &solve_options;
  ExpectAccepted(&solve, SolveWorkspaceSize, Solve);

  for (const int32_t precision : {PROPNP_FLOAT32, PROPNP_FLOAT64}) {
    SampleOptions options;
    options.num_samples = static_cast<int32_t>(s);
    SampleArgs sample;
    shape.Attach(&sample);
    sample.precision = precision;
    sample.options = &options, sample.start_options = &solve_options;
    sample.grad_x3d = shape.gradients.x3d;
    sample.grad_prior_covariance = shape.gradients.prior_covariance;
    sample.mean_pose = poses;
    sample.quantile_levels = ShapeOnly::Floats({3});
    sample.quantiles = ShapeOnly::Floats({b, 3, 6});
    sample.draws = sampled;
    ExpectAccepted(&sample, SamplePosteriorWorkspaceSize, SamplePosterior);
  }

  SampleExpectationArgs expectation;
  shape.Attach(&expectation);
  expectation.sample_pose = sampled;
  expectation.sample_log_weight = ShapeOnly::Floats({b, s});
  ExpectAccepted(&expectation, SampleExpectationWorkspaceSize, SampleExpectation);

  SampleBackwardArgs backward;
  shape.Attach(&backward);
  backward.sample_pose = sampled;
  backward.log_weight_cotangent = ShapeOnly::Floats({b, s});
  backward.gradients = &shape.gradients;
  ExpectAccepted(&backward, SampleBackwardWorkspaceSize, SampleBackward);

  PosePlusBackwardArgs plus;
  shape.Attach(&plus);
  plus.pose = plus.pose_plus_cotangent = poses;
  plus.gradients = &shape.gradients;
  ExpectAccepted(&plus, PosePlusBackwardWorkspaceSize, PosePlusBackward);

  ImplicitGradientArgs implicit;
  shape.Attach(&implicit);
  implicit.pose = implicit.pose_cotangent = poses;
  implicit.gradients = &shape.gradients;
  ExpectAccepted(&implicit, ImplicitGradientWorkspaceSize, ImplicitGradient);
}

// Needs the emulated device, which can record launches and has the host's memory.
class LaunchGeometry : public ::testing::Test, OnEmulatedDevice {
 protected:
  void SetUp() override {
    const std::string plugin = std::getenv("PROPNP_CUDA_PLUGIN");
    if (plugin != PROPNP_EMULATED_PLUGIN) GTEST_SKIP() << "needs the emulated device";
  }
};

TEST_F(LaunchGeometry, IsWithinWhatADeviceTakes) {
  for (const int64_t b : {int64_t{1}, int64_t{3}, int64_t{1000000}}) {
    for (const int64_t n : {3, 65536}) {
      for (const int64_t s : {32, 128, 16384}) {
        SCOPED_TRACE(std::to_string(b) + " objects, " + std::to_string(n) + " points, " +
                     std::to_string(s) + " samples");
        const LaunchRecord record;
        CallEverything(ShapeOnly(b, n, s));
        const std::vector<Launch> launches = record.All();
        EXPECT_GT(launches.size(), 30u);
        for (const Launch& l : launches) {
          EXPECT_GT(l.blocks, 0) << l.name;
          EXPECT_LT(l.blocks, int64_t{1} << 31) << l.name;  // gridDim.x; there is no other
          EXPECT_LE(l.threads, 1024) << l.name;
          EXPECT_EQ(l.threads % 32, 0) << l.name;
          EXPECT_LE(l.shared_bytes, 48u << 10) << l.name;  // what needs no leave
        }
      }
    }
  }
}

// The second object's points, poses and outputs begin beyond 2^31 elements of their tensors. With
// indices of 32 bits they would be somebody else's.
TEST_F(LaunchGeometry, IndicesPassTwoToTheThirtyFirst) {
  constexpr int64_t kFar = (int64_t{1} << 31) + 4096, kPoints = 12;
  const SparseMemory x3d_memory(4 * (kFar + 64)), x2d_memory(4 * (kFar + 64)),
      pose_memory(8 * (kFar + 64)), samples_memory(8 * (kFar + 7 * 64)),
      gradient_memory(4 * (kFar + 64));
  for (const SparseMemory* m :
       {&x3d_memory, &x2d_memory, &pose_memory, &samples_memory, &gradient_memory}) {
    if (!m->ok()) GTEST_SKIP() << "needs address space that no memory stands behind";
  }
  TestRandom random;
  Simulation simulation;
  simulation.objects = 2;
  simulation.points = kPoints;
  simulation.noise_px = 1;
  const Batch near = Simulate(random, simulation);
  const auto far_view = [&](auto* data, std::initializer_list<int64_t> shape) {
    propnp_tensor t = View(data, shape);
    t.stride[0] = kFar;
    return t;
  };
  const auto fill = [&](auto* to, const std::vector<double>& from) {
    const size_t half = from.size() / 2;
    for (size_t k = 0; k < from.size(); ++k) {
      to[k < half ? k : kFar + k - half] =
          static_cast<std::remove_reference_t<decltype(*to)>>(from[k]);
    }
  };
  fill(x3d_memory.as<float>(), near.x3d);
  fill(x2d_memory.as<float>(), near.x2d);
  fill(pose_memory.as<double>(), near.true_pose);
  double last_pose[2][14], gradients[2][36];
  for (const bool far : {false, true}) {
    Correspondences correspondences;
    correspondences.num_objects = 2;
    const std::vector<float> x3d(near.x3d.begin(), near.x3d.end());
    const std::vector<float> x2d(near.x2d.begin(), near.x2d.end());
    std::vector<double> samples(2 * 64 * 7);
    std::vector<float> gradient(2 * kPoints * 3);
    correspondences.x3d =
        far ? far_view(x3d_memory.as<float>(), {2, kPoints, 3}) : View(x3d.data(), {2, kPoints, 3});
    correspondences.x2d =
        far ? far_view(x2d_memory.as<float>(), {2, kPoints, 2}) : View(x2d.data(), {2, kPoints, 2});
    const Cameras cameras = CamerasOf(near);
    SolveOptions starts;
    starts.num_starts = 4;
    SampleOptions options;
    options.num_samples = 64;
    SampleArgs args;
    args.correspondences = &correspondences, args.cameras = &cameras, args.cost = &near.cost;
    args.start_options = &starts, args.options = &options;
    args.device = 0;
    args.precision = PROPNP_FLOAT32;
    args.pose_target =
        far ? far_view(pose_memory.as<double>(), {2, 7}) : View(near.true_pose.data(), {2, 7});
    args.sample_pose =
        far ? far_view(samples_memory.as<double>(), {2, 64, 7}) : View(samples.data(), {2, 64, 7});
    args.grad_x3d = far ? far_view(gradient_memory.as<float>(), {2, kPoints, 3})
                        : View(gradient.data(), {2, kPoints, 3});
    const Status status = SamplePosterior(SharedContext(), args);
    ASSERT_TRUE(status.ok()) << status.message();
    for (int i = 0; i < 2; ++i) {
      for (int k = 0; k < 7; ++k) {
        last_pose[far][7 * i + k] =
            Load<double>(args.sample_pose, i * args.sample_pose.stride[0] + 63 * 7 + k);
      }
      for (int k = 0; k < 18; ++k) {
        gradients[far][18 * i + k] = Load<double>(args.grad_x3d, i * args.grad_x3d.stride[0] + k);
      }
    }
  }
  for (int k = 0; k < 14; ++k) EXPECT_EQ(last_pose[0][k], last_pose[1][k]) << k;
  for (int k = 0; k < 36; ++k) EXPECT_EQ(gradients[0][k], gradients[1][k]) << k;
  EXPECT_NE(gradients[0][18], 0);
}

}  // namespace
}  // namespace propnp::test
