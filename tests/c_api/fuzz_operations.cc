// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Every verb of the C ABI on what a fuzzer makes of sizes, strides, types, options and numbers. No
// call may read or write outside of what it was given, fail without a message, fail as a defect, or
// write what is not a number; a query and its call agree.
#include <cstdlib>
#include <string>

#include "tests/c_api/fuzz_case.h"

namespace propnp::fuzz {
namespace {

// Runs tasks one after the other, in three parts, so that a failure can be played again; memory is
// bounded, so that a failure is no lack of it.
propnp_context* Context() {
  static propnp_context* const context = [] {
    propnp_context_options options;
    propnp_context_options_init(&options, sizeof options);
    options.num_threads = 3;
    options.parallel_for = [](void*, int32_t count, propnp_task task, void* data) {
      for (int32_t i = 0; i < count; ++i) task(data, i);
    };
    options.allocate = [](void*, uint64_t bytes, uint64_t alignment) -> void* {
      return bytes > uint64_t{1} << 28 ? nullptr : std::aligned_alloc(alignment, bytes);
    };
    options.deallocate = [](void*, void* memory, uint64_t) { std::free(memory); };
    propnp_context* made = nullptr;
    Require(propnp_context_create(&options, &made) == PROPNP_OK, "create",
            propnp_last_error(nullptr));
    return made;
  }();
  return context;
}

void RequireProperReturn(int32_t code, propnp_context* context) {
  Require(code <= PROPNP_OK && code >= PROPNP_ERROR_BUSY && code != PROPNP_ERROR_BUSY,
          "a code of the list", propnp_error_name(code));
  Require(code != PROPNP_ERROR_INTERNAL, "no defect", propnp_last_error(context));
  Require(code == PROPNP_OK || *propnp_last_error(context), "a message", propnp_error_name(code));
}

// The call with args of any version.
template <typename Args>
int32_t Call(Case* c, int32_t (*verb)(propnp_context*, const Args*), const Args& args) {
  const Args* const given = c->memory().Copy(args, kFirstSize<Args>);
  const int32_t code = verb(Context(), given);
  RequireProperReturn(code, Context());
  const int bad = code == PROPNP_OK ? c->memory().OutputWithNaN() : -1;
  if (bad >= 0) {
    const propnp_tensor& t = c->memory().output(bad);
    std::fprintf(stderr, "given output %d: (%d, %d, %d)\n", bad, static_cast<int>(t.shape[0]),
                 static_cast<int>(t.shape[1]), static_cast<int>(t.shape[2]));
    Require(false, "no NaN", "in an output");
  }
  return code;
}

template <typename Args>
void WithWorkspace(Case* c, int32_t (*init)(Args*, uint64_t),
                   int32_t (*query)(propnp_context*, const Args*, uint64_t*),
                   int32_t (*verb)(propnp_context*, const Args*)) {
  Args args = c->MakeArgs(init);
  uint64_t bytes = 0;
  const int32_t queried = query(Context(), &args, &bytes);
  RequireProperReturn(queried, Context());
  const int32_t called = Call(c, verb, args);
  Require(called != PROPNP_OK || queried == PROPNP_OK, "a query where there is a call",
          propnp_last_error(Context()));
  if (queried != PROPNP_OK || bytes > 1 << 24) return;
  const int kind = c->choices().Below(4);
  args.workspace_size = bytes - (kind == 1 && bytes > 0 ? 1 : 0);
  args.workspace = static_cast<char*>(c->memory().Workspace(bytes + 8)) + (kind == 2 ? 8 : 0);
  Call(c, verb, args);
}

template <typename Args>
void WithoutWorkspace(Case* c, int32_t (*init)(Args*, uint64_t),
                      int32_t (*verb)(propnp_context*, const Args*)) {
  Call(c, verb, c->MakeArgs(init));
}

void Run(Case* c) {
#define PROPNP_FUZZ_OPERATION(verb) \
  WithWorkspace(c, propnp_##verb##_args_init, propnp_##verb##_workspace_size, propnp_##verb)
  switch (c->choices().Below(13)) {
    case 0:
      return PROPNP_FUZZ_OPERATION(solve);
    case 1:
      return PROPNP_FUZZ_OPERATION(sample);
    case 2:
      return PROPNP_FUZZ_OPERATION(evaluate);
    case 3:
      return PROPNP_FUZZ_OPERATION(sample_expectation);
    case 4:
      return PROPNP_FUZZ_OPERATION(sample_backward);
    case 5:
      return PROPNP_FUZZ_OPERATION(pose_plus);
    case 6:
      return PROPNP_FUZZ_OPERATION(pose_plus_backward);
    case 7:
      return PROPNP_FUZZ_OPERATION(implicit_gradient);
    case 8:
      return PROPNP_FUZZ_OPERATION(draw);
    case 9:
      return WithoutWorkspace(c, propnp_convert_covariance_args_init, propnp_convert_covariance);
    case 10:
      return WithoutWorkspace(c, propnp_move_pose_args_init, propnp_move_pose);
    case 11:
      return WithoutWorkspace(c, propnp_pose_difference_args_init, propnp_pose_difference);
    default:
      return WithoutWorkspace(c, propnp_convert_step_args_init, propnp_convert_step);
  }
#undef PROPNP_FUZZ_OPERATION
}

}  // namespace
}  // namespace propnp::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  propnp::fuzz::Case c(data, size);
  propnp::fuzz::Run(&c);
  return 0;
}
