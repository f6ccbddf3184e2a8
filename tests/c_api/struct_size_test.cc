// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Clients and libraries of different versions: structs that are smaller or larger than ours.
#include <cstring>
#include <memory>
#include <vector>

#include "propnp/c_api/adopted_args.h"
#include "propnp/c_api/sized_struct.h"
#include "tests/c_api/c_context.h"

namespace propnp::test {
namespace {

// A struct as a newer header might have it: ours, then `tail` bytes of fields that we do not know.
template <typename Struct>
class Longer {
 public:
  explicit Longer(const Struct& known, size_t tail = 24) : memory_(sizeof(Struct) + tail) {
    std::memcpy(memory_.data(), &known, sizeof(Struct));
    get()->struct_size = memory_.size();
  }
  Struct* get() { return reinterpret_cast<Struct*>(memory_.data()); }
  void SetUnknownByte(size_t i) { memory_[sizeof(Struct) + i] = 1; }

 private:
  std::vector<char> memory_;  // operator new aligns it to any of the ABI's types
};

TEST(NewerClient, IsServedIfItAsksForNothingNew) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  const CContext context;
  SolveCall expected(batch), call(batch);
  ASSERT_EQ(propnp_solve(context.get(), &expected.args), PROPNP_OK);
  Longer<propnp_correspondences> correspondences(call.correspondences);
  Longer<propnp_cameras> cameras(call.cameras);
  Longer<propnp_cost_options> cost(call.cost);
  Longer<propnp_solve_options> options(call.options);
  call.args.correspondences = correspondences.get();
  call.args.cameras = cameras.get();
  call.args.cost = cost.get();
  call.args.options = options.get();
  Longer<propnp_solve_args> args(call.args);
  ASSERT_EQ(propnp_solve(context.get(), args.get()), PROPNP_OK) << context.error();
  EXPECT_EQ(call.out.pose, expected.out.pose);

  const auto refused = [&](const char* name) {
    ExpectError(context, propnp_solve(context.get(), args.get()), PROPNP_ERROR_INVALID_ARGUMENT,
                std::string(name) + " of ");
    EXPECT_NE(context.error().find("older than its caller"), std::string::npos);
  };
  options.SetUnknownByte(0);
  refused("options");
  correspondences.SetUnknownByte(23);
  refused("correspondences");
  args.SetUnknownByte(7);
  refused("args");
}

// The context's options had one field in the first version.
TEST(OlderClient, GetsTheDefaultsOfWhatItDoesNotKnow) {
  struct FirstOptions {
    uint64_t struct_size;
    int32_t num_threads;
    int32_t padding;
  };
  static_assert(sizeof(FirstOptions) == c_api::kFirstSize<propnp_context_options>);
  // What lies behind is not the library's to read or write.
  struct {
    FirstOptions options;
    void* guard[16];
  } client;
  std::memset(&client, 0x5a, sizeof client);
  auto* const options = reinterpret_cast<propnp_context_options*>(&client.options);
  ASSERT_EQ(propnp_context_options_init(options, sizeof(FirstOptions)), PROPNP_OK);
  EXPECT_EQ(client.options.struct_size, sizeof(FirstOptions));
  EXPECT_EQ(client.options.num_threads, 0);
  for (const void* guard : client.guard) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(guard), 0x5a5a5a5a5a5a5a5a);
  }
  client.options.num_threads = 2;
  client.options.padding = -1;
  propnp_context* context = nullptr;
  ASSERT_EQ(propnp_context_create(options, &context), PROPNP_OK) << propnp_last_error(nullptr);
  propnp_context_destroy(context);
}

// Every struct that has grown reads what it lacks as the default; a struct of its first size is
// written no further.
template <typename WithDefaults, typename Struct>
void CheckFirstSize() {
  constexpr uint64_t kSize = c_api::kFirstSize<Struct>;
  std::vector<char> memory(sizeof(Struct), 0x5a);
  auto* const s = reinterpret_cast<Struct*>(memory.data());
  ASSERT_TRUE((c_api::InitSized<WithDefaults>("s", s, kSize).ok()));
  for (size_t i = kSize; i < memory.size(); ++i) EXPECT_EQ(memory[i], 0x5a);
  WithDefaults read;
  ASSERT_TRUE(c_api::ReadSized("s", s, &read).ok());
  const WithDefaults defaults;
  EXPECT_EQ(std::memcmp(&static_cast<const Struct&>(read), &static_cast<const Struct&>(defaults),
                        sizeof(Struct)),
            0);
}

TEST(OlderClient, OfEveryStruct) {
  CheckFirstSize<Correspondences, propnp_correspondences>();
  CheckFirstSize<Cameras, propnp_cameras>();
  CheckFirstSize<Prior, propnp_prior>();
  CheckFirstSize<Symmetries, propnp_symmetries>();
  CheckFirstSize<CostOptions, propnp_cost_options>();
  CheckFirstSize<SolveOptions, propnp_solve_options>();
  CheckFirstSize<SampleOptions, propnp_sample_options>();
  CheckFirstSize<Gradients, propnp_gradients>();
  CheckFirstSize<EvaluateArgs, propnp_evaluate_args>();
  CheckFirstSize<SolveArgs, propnp_solve_args>();
  CheckFirstSize<ImplicitGradientArgs, propnp_implicit_gradient_args>();
  CheckFirstSize<SampleArgs, propnp_sample_args>();
  CheckFirstSize<SampleExpectationArgs, propnp_sample_expectation_args>();
  CheckFirstSize<SampleBackwardArgs, propnp_sample_backward_args>();
  CheckFirstSize<PosePlusArgs, propnp_pose_plus_args>();
  CheckFirstSize<PosePlusBackwardArgs, propnp_pose_plus_backward_args>();
  CheckFirstSize<DrawArgs, propnp_draw_args>();
  CheckFirstSize<ConvertCovarianceArgs, propnp_convert_covariance_args>();
  CheckFirstSize<MovePoseArgs, propnp_move_pose_args>();
  CheckFirstSize<PoseDifferenceArgs, propnp_pose_difference_args>();
  CheckFirstSize<ConvertStepArgs, propnp_convert_step_args>();
  CheckFirstSize<ContextOptions, propnp_context_options>();
}

TEST(StructSize, ThatNoVersionHasIsRefused) {
  const CContext context;
  propnp_solve_args args;
  ASSERT_EQ(propnp_solve_args_init(&args, sizeof args), PROPNP_OK);
  const uint64_t sizes[] = {
      0, 8, c_api::kFirstSize<propnp_solve_args> - 1, 65537, uint64_t{1} << 40, ~uint64_t{0}};
  for (const uint64_t size : sizes) {
    args.struct_size = size;
    ExpectError(context, propnp_solve(context.get(), &args), PROPNP_ERROR_INVALID_ARGUMENT,
                "args.struct_size is " + std::to_string(size));
    EXPECT_EQ(propnp_solve_args_init(&args, size), PROPNP_ERROR_INVALID_ARGUMENT);
  }
}

TEST(Init, FillsWhatIsUnknownWithZeros) {
  std::vector<char> memory(sizeof(propnp_solve_options) + 40, 0x5a);
  auto* const options = reinterpret_cast<propnp_solve_options*>(memory.data());
  ASSERT_EQ(propnp_solve_options_init(options, memory.size()), PROPNP_OK);
  EXPECT_EQ(options->struct_size, memory.size());
  EXPECT_EQ(options->max_iterations, SolveOptions().max_iterations);
  for (size_t i = sizeof(propnp_solve_options); i < memory.size(); ++i) EXPECT_EQ(memory[i], 0);
}

TEST(Pointers, NullAndMisalignedAreRefused) {
  TestRandom random;
  const Batch batch = EasyBatch(random);
  SolveCall call(batch);
  const CContext context;
  ExpectError(context, propnp_solve(context.get(), nullptr), PROPNP_ERROR_INVALID_ARGUMENT,
              "args is null");
  std::vector<char> memory(sizeof(propnp_solve_args) + 8);
  const auto* const misaligned = reinterpret_cast<const propnp_solve_args*>(memory.data() + 4);
  ExpectError(context, propnp_solve(context.get(), misaligned), PROPNP_ERROR_INVALID_ARGUMENT,
              "not aligned");
  uint64_t bytes[2];
  auto* const odd = reinterpret_cast<uint64_t*>(reinterpret_cast<char*>(bytes) + 1);
  ExpectError(context, propnp_solve_workspace_size(context.get(), &call.args, odd),
              PROPNP_ERROR_INVALID_ARGUMENT, "bytes is not aligned");
  ExpectError(context, propnp_solve_workspace_size(context.get(), &call.args, nullptr),
              PROPNP_ERROR_INVALID_ARGUMENT, "bytes is null");
  EXPECT_EQ(propnp_solve(nullptr, &call.args), PROPNP_ERROR_INVALID_ARGUMENT);
  EXPECT_STREQ(propnp_last_error(nullptr), "context is null");
  EXPECT_EQ(propnp_context_create(nullptr, nullptr), PROPNP_ERROR_INVALID_ARGUMENT);
  EXPECT_EQ(propnp_solve_args_init(nullptr, sizeof(propnp_solve_args)),
            PROPNP_ERROR_INVALID_ARGUMENT);
  propnp_context_destroy(nullptr);
}

}  // namespace
}  // namespace propnp::test
