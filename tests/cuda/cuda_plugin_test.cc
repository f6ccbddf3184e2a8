// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Loading the CUDA plugin and what is said where that fails. Every test is a process of its own
// under ctest, as it must be: a plugin stays loaded.
#include "propnp/engine/cuda_plugin.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "propnp/engine/evaluate.h"
#include "propnp/engine/solve.h"

namespace propnp {
namespace {

constexpr const char* kVariable = "PROPNP_CUDA_PLUGIN";

// The message of asking for device 3 with the variable set.
std::string MessageWith(const char* plugin) {
  if (plugin) {
    setenv(kVariable, plugin, 1);
  } else {
    unsetenv(kVariable);
  }
  const Status status = CheckCudaDevice(3);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  return status.message();
}

void ExpectContains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(CudaPlugin, AbsentIsNamedWithThePlacesTried) {
  const std::string message = MessageWith("/nowhere/libpropnp_cuda.so");
  ExpectContains(message, "device is 3: no CUDA plugin");
  ExpectContains(message, "/nowhere/libpropnp_cuda.so");
  ExpectContains(MessageWith(nullptr), kVariable);
}

TEST(CudaPlugin, WithoutTheSymbolIsRefused) {
  ExpectContains(MessageWith(PROPNP_FAKE_PLUGIN_WITHOUT_SYMBOL),
                 "has no symbol propnp_cuda_backend");
}

TEST(CudaPlugin, OfAnotherVersionIsRefused) {
  ExpectContains(MessageWith(PROPNP_FAKE_PLUGIN_OF_ANOTHER_VERSION),
                 "is of version 999, expected " + std::to_string(PROPNP_BACKEND_VERSION));
}

// Wrong arguments are told even where no device is; a right call is refused, never run on the CPU.
TEST(CudaPlugin, OperationsCheckTheirArgumentsFirst) {
  unsetenv(kVariable);
  const double numbers[12] = {0, 0, 1, 1};
  const int32_t model = PROPNP_CAMERA_PINHOLE;
  Correspondences points;
  points.num_objects = 1;
  points.x3d = View(numbers, {1, 4, 3});
  points.x2d = View(numbers, {1, 4, 2});
  Cameras cameras;
  cameras.model = View(&model, {1});
  cameras.parameters = View(numbers, {1, 12});
  CostOptions cost;
  EvaluateArgs args;
  args.correspondences = &points, args.cameras = &cameras, args.cost = &cost;
  args.device = 0;
  args.pose = View(numbers, {1, 6});
  Context context(1);
  Status status = Evaluate(context, args);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  ExpectContains(status.message(), "pose has shape (1, 6), expected (1, 7)");
  args.pose = View(numbers, {1, 7});
  status = Evaluate(context, args);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  ExpectContains(status.message(), "no CUDA plugin");
  uint64_t bytes = 0;
  EXPECT_EQ(EvaluateWorkspaceSize(context, args, &bytes).code(), StatusCode::kUnavailable);
  args.device = -2;
  ExpectContains(Evaluate(context, args).message(), "device is -2, expected -1 for the CPU");
}

#if defined(PROPNP_REAL_PLUGIN)
// The plugin itself loads without a driver, and says what is missing.
TEST(CudaPlugin, WithoutADeviceSaysSo) {
  setenv(kVariable, PROPNP_REAL_PLUGIN, 1);
  if (CheckCudaDevice(0).ok()) GTEST_SKIP() << "there is a device";
  const std::string message = MessageWith(PROPNP_REAL_PLUGIN);
  EXPECT_TRUE(message.find("no CUDA driver") != std::string::npos ||
              message.find("no CUDA device") != std::string::npos)
      << message;
}

TEST(CudaPlugin, ADeviceBeyondTheLastIsRefused) {
  setenv(kVariable, PROPNP_REAL_PLUGIN, 1);
  if (!CheckCudaDevice(0).ok()) GTEST_SKIP() << "there is no device";
  const Status status = CheckCudaDevice(1000);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  ExpectContains(status.message(), "no such CUDA device");
}
#endif

}  // namespace
}  // namespace propnp
