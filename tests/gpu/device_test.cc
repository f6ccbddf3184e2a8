// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What only a GPU shows: the caller's stream is used and waited for by nobody, calls are captured
// in a graph and replayed on other numbers, and every run gives the same bits; and how long the
// workloads take.
#include <algorithm>
#include <cstdio>

#include "tests/gpu/device_batch.h"

namespace propnp::test {
namespace {

struct Shape {
  const char* name;
  int dof;
  int64_t objects, points;
  StepOptions options;
};

Batch MakeBatch(TestRandom& random, const Shape& shape) {
  Simulation simulation;
  simulation.objects = shape.objects;
  simulation.points = shape.points;
  simulation.dof = shape.dof;
  simulation.noise_px = 1;
  return Simulate(random, simulation);
}

class Stream {
 public:
  Stream() { CheckCuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(stream_); }
  operator cudaStream_t() const { return stream_; }
  void Wait() const { CheckCuda(cudaStreamSynchronize(stream_)); }

 private:
  cudaStream_t stream_ = nullptr;
};

// One step captured as a graph.
class Graph {
 public:
  Graph(DeviceStep* step, cudaStream_t stream) {
    CheckCuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    step->Run(stream);
    cudaGraph_t graph = nullptr;
    CheckCuda(cudaStreamEndCapture(stream, &graph));
    CheckCuda(cudaGraphInstantiate(&executable_, graph, 0));
    cudaGraphDestroy(graph);
  }
  ~Graph() { cudaGraphExecDestroy(executable_); }
  void Launch(cudaStream_t stream) const { CheckCuda(cudaGraphLaunch(executable_, stream)); }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

const Shape kSmall = {"small", 6, 7, 33, {128, 16, 6, 3, false, true}};

// Outputs differ as memory, not as numbers: NaN equals itself.
void ExpectSameBits(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0);
}

void ExpectAllFiniteNumbers(const std::vector<float>& values) {
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  EXPECT_EQ(bad, values.end()) << "entry " << bad - values.begin();
}

TEST(Device, RepeatsItselfBitForBit) {
  TestRandom random;
  DeviceStep step(MakeBatch(random, kSmall), kSmall.options);
  const Stream stream;
  step.Run(stream), stream.Wait();
  const std::vector<float> first = step.Outputs();
  ExpectAllFiniteNumbers(first);
  for (int repetition = 0; repetition < 5; ++repetition) {
    step.Run(stream), stream.Wait();
    ExpectSameBits(step.Outputs(), first);
  }
  step.SetSeed(2);
  step.Run(stream), stream.Wait();
  EXPECT_NE(step.Outputs(), first);
}

// Replays on other inputs and another seed give what a direct call gives.
TEST(Device, GraphReplaysOnChangedInputsAndSeed) {
  TestRandom random;
  const Batch batch = MakeBatch(random, kSmall);
  DeviceStep step(batch, kSmall.options);
  const Stream stream;
  step.Run(stream), stream.Wait();
  const Graph graph(&step, stream);
  for (uint64_t seed = 5; seed < 8; ++seed) {
    std::vector<float> x2d = Floats(batch.x2d);
    for (float& u : x2d) u += static_cast<float>(random.Normal());
    step.x2d().Set(x2d);
    step.SetSeed(seed);
    graph.Launch(stream), stream.Wait();
    const std::vector<float> replayed = step.Outputs();
    step.Run(stream), stream.Wait();
    ExpectSameBits(replayed, step.Outputs());
  }
}

// A copy that comes late on the same stream is waited for; another stream goes on meanwhile.
TEST(Device, WorkFollowsTheCallersStream) {
  TestRandom random;
  const Batch batch = MakeBatch(random, kSmall);
  DeviceStep step(batch, kSmall.options), other(batch, kSmall.options);
  const Stream stream, side;
  step.Run(stream), stream.Wait();
  const std::vector<float> expected = step.Outputs();
  const std::vector<float> good = Floats(batch.x2d);
  step.x2d().Set(std::vector<float>(good.size(), 0.0f));
  // Some milliseconds of work in front of the copy.
  DeviceArray large(size_t{1} << 28);
  for (int k = 0; k < 20; ++k) {
    CheckCuda(cudaMemsetAsync(large.data(), k, large.bytes(), stream));
  }
  CheckCuda(cudaMemcpyAsync(step.x2d().data(), good.data(), good.size() * sizeof(float),
                            cudaMemcpyHostToDevice, stream));
  step.Run(stream);
  other.Run(side);
  side.Wait(), stream.Wait();
  ExpectSameBits(step.Outputs(), expected);
  ExpectSameBits(other.Outputs(), expected);
}

class Workload : public ::testing::TestWithParam<Shape> {};

// Medians over replays of a graph, timed by events.
TEST_P(Workload, Time) {
  const Shape& shape = GetParam();
  TestRandom random;
  DeviceStep step(MakeBatch(random, shape), shape.options);
  const Stream stream;
  step.Run(stream), stream.Wait();
  ExpectAllFiniteNumbers(step.Outputs());
  const Graph graph(&step, stream);
  cudaEvent_t begin, end;
  CheckCuda(cudaEventCreate(&begin)), CheckCuda(cudaEventCreate(&end));
  std::vector<float> times;
  const int repetitions = shape.objects > 1000 ? 10 : 50;
  for (int k = 0; k < repetitions + 5; ++k) {
    CheckCuda(cudaEventRecord(begin, stream));
    graph.Launch(stream);
    CheckCuda(cudaEventRecord(end, stream));
    CheckCuda(cudaEventSynchronize(end));
    float milliseconds = 0;
    CheckCuda(cudaEventElapsedTime(&milliseconds, begin, end));
    if (k >= 5) times.push_back(1000 * milliseconds);
  }
  std::sort(times.begin(), times.end());
  std::printf(
      "%-6s %lld objects x %lld points x %d samples: median %.1f us, min %.1f, max %.1f, "
      "workspace %.1f MB\n",
      shape.name, static_cast<long long>(shape.objects), static_cast<long long>(shape.points),
      shape.options.samples, static_cast<double>(times[times.size() / 2]),
      static_cast<double>(times.front()), static_cast<double>(times.back()),
      static_cast<double>(step.workspace_bytes()) * 1e-6);
  cudaEventDestroy(begin), cudaEventDestroy(end);
}

INSTANTIATE_TEST_SUITE_P(All, Workload,
                         ::testing::Values(Shape{"W1", 6, 32, 512, {512, 4, 16, 3, true}},
                                           Shape{"W2", 6, 256, 64, {512, 128, 8, 5, false}},
                                           Shape{"W3", 4, 600, 256, {512, 64, 16, 3, false}},
                                           Shape{"W3v2", 4, 288, 128, {128, 64, 16, 3, false}},
                                           Shape{"W5", 6, 100000, 100, {128, 8, 8, 3, false}}),
                         [](const auto& info) { return std::string(info.param.name); });

// Refinement from given poses with covariance: one object (W4) and many (W5).
class Refinement : public ::testing::TestWithParam<Shape> {};

TEST_P(Refinement, Time) {
  const Shape& shape = GetParam();
  TestRandom random;
  const Batch b = MakeBatch(random, shape);
  const int64_t n = b.num_objects;
  const DeviceArray x3d = Upload(Floats(b.x3d)), x2d = Upload(Floats(b.x2d));
  const DeviceArray start = Upload(Floats(NearTruth(random, b, 0.02)));
  const DeviceArray model = Upload(b.camera_model), parameters = Upload(b.camera_parameters);
  const DeviceArray pose(28 * n), covariance(4 * 36 * n), status(4 * n);
  Correspondences correspondences;
  correspondences.num_objects = n;
  correspondences.x3d = DeviceView<float>(x3d, {n, b.num_points, 3});
  correspondences.x2d = DeviceView<float>(x2d, {n, b.num_points, 2});
  Cameras cameras;
  cameras.model = DeviceView<int32_t>(model, {1});
  cameras.parameters = DeviceView<double>(parameters, {1, PROPNP_MAX_CAMERA_PARAMETERS});
  SolveOptions options;
  options.max_iterations = 5;
  SolveArgs args;
  args.correspondences = &correspondences, args.cameras = &cameras, args.cost = &b.cost;
  args.options = &options;
  args.device = 0;
  args.precision = PROPNP_FLOAT32;
  args.pose_init = DeviceView<float>(start, {n, 7});
  args.pose = DeviceView<float>(pose, {n, 7});
  args.covariance = DeviceView<float>(covariance, {n, 6, 6});
  args.status = DeviceView<int32_t>(status, {n});
  Context context(1);
  uint64_t bytes = 0;
  ASSERT_TRUE(SolveWorkspaceSize(context, args, &bytes).ok());
  const DeviceArray workspace(bytes);
  args.workspace = workspace.data(), args.workspace_size = bytes;
  const Stream stream;
  args.stream = stream;
  cudaEvent_t begin, end;
  CheckCuda(cudaEventCreate(&begin)), CheckCuda(cudaEventCreate(&end));
  std::vector<float> times;
  for (int k = 0; k < 25; ++k) {
    CheckCuda(cudaEventRecord(begin, stream));
    ASSERT_TRUE(Solve(context, args).ok());
    CheckCuda(cudaEventRecord(end, stream));
    CheckCuda(cudaEventSynchronize(end));
    float milliseconds = 0;
    CheckCuda(cudaEventElapsedTime(&milliseconds, begin, end));
    if (k >= 5) times.push_back(1000 * milliseconds);
  }
  std::sort(times.begin(), times.end());
  ExpectAllFiniteNumbers(pose.Get<float>());
  std::printf("%-6s refine %lld objects x %lld points: median %.1f us, min %.1f, max %.1f\n",
              shape.name, static_cast<long long>(n), static_cast<long long>(b.num_points),
              static_cast<double>(times[times.size() / 2]), static_cast<double>(times.front()),
              static_cast<double>(times.back()));
  cudaEventDestroy(begin), cudaEventDestroy(end);
}

INSTANTIATE_TEST_SUITE_P(All, Refinement,
                         ::testing::Values(Shape{"W4", 6, 1, 500, {}},
                                           Shape{"W5", 6, 100000, 100, {}}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace propnp::test
