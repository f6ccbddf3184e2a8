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

// Stands for an OpenMP runtime's GOMP_parallel with a team of kThreads, whatever was asked for,
// that run one after the other, so that a failure can be played again.
template <int kThreads>
void RunTeam(void (*body)(void*), void* data, unsigned, unsigned) {
  for (int thread = 0; thread < kThreads; ++thread) body(data);
}

// The runtimes that propnp_openmp_parallel_for may be given: of one thread, none, of more threads
// than there are tasks.
void* Runtime(int kind) {
  if (kind == 1) return nullptr;
  return reinterpret_cast<void*>(kind == 0 ? &RunTeam<1> : &RunTeam<70>);
}

// Cuts work in three parts; memory is bounded, so that a failure is no lack of it.
propnp_context* MakeContext(void* runtime) {
  propnp_context_options options;
  propnp_context_options_init(&options, sizeof options);
  options.num_threads = 3;
  options.parallel_for = propnp_openmp_parallel_for;
  options.parallel_for_user_data = runtime;
  options.allocate = [](void*, uint64_t bytes, uint64_t alignment) -> void* {
    return bytes > uint64_t{1} << 28 ? nullptr : std::aligned_alloc(alignment, bytes);
  };
  options.deallocate = [](void*, void* memory, uint64_t) { std::free(memory); };
  propnp_context* made = nullptr;
  Require(propnp_context_create(&options, &made) == PROPNP_OK, "create",
          propnp_last_error(nullptr));
  return made;
}

propnp_context* Context(int kind = 0) {
  static propnp_context* const contexts[] = {MakeContext(Runtime(0)), MakeContext(Runtime(1)),
                                             MakeContext(Runtime(2))};
  return contexts[kind];
}

// Every task once, however many there are and whatever runs them.
void RunTasks(Choices* choices) {
  const int32_t count = choices->Of<int32_t>({3, 1, 0, -1, INT32_MIN, 64});
  int32_t runs[64] = {};
  const propnp_task task = [](void* data, int32_t i) { ++static_cast<int32_t*>(data)[i]; };
  propnp_openmp_parallel_for(Runtime(choices->Below(3)), count, task, runs);
  for (int32_t i = 0; i < 64; ++i) Require(runs[i] == (i < count), "each task once", "OpenMP");
}

void RequireProperReturn(int32_t code, propnp_context* context) {
  Require(code <= PROPNP_OK && code >= PROPNP_ERROR_BUSY && code != PROPNP_ERROR_BUSY,
          "a code of the list", propnp_error_name(code));
  Require(code != PROPNP_ERROR_INTERNAL, "no defect", propnp_last_error(context));
  Require(code == PROPNP_OK || *propnp_last_error(context), "a message", propnp_error_name(code));
}

template <typename Args>
int32_t Call(Case* c, int32_t (*verb)(propnp_context*, const Args*), const Args* args,
             propnp_context* context = Context()) {
  const int32_t code = verb(context, args);
  RequireProperReturn(code, context);
  const int bad = code == PROPNP_OK ? c->memory().OutputWithNaN() : -1;
  if (bad >= 0) {
    const propnp_tensor& t = c->memory().output(bad);
    std::fprintf(stderr, "given output %d: (%d, %d, %d)\n", bad, static_cast<int>(t.shape[0]),
                 static_cast<int>(t.shape[1]), static_cast<int>(t.shape[2]));
    Require(false, "no NaN", "in an output");
  }
  return code;
}

// The args as a caller of any version gives them.
template <typename Args>
const Args* OfAnyVersion(Case* c, const Args& args) {
  return c->memory().Copy(args, kFirstSize<Args>);
}

template <typename Args>
void WithWorkspace(Case* c, int32_t (*init)(Args*, uint64_t),
                   int32_t (*query)(propnp_context*, const Args*, uint64_t*),
                   int32_t (*verb)(propnp_context*, const Args*)) {
  Args args = c->MakeArgs(init);
  const Args* const given = OfAnyVersion(c, args);
  uint64_t bytes = 0;
  const int32_t queried = query(Context(), given, &bytes);
  RequireProperReturn(queried, Context());
  const int32_t called = Call(c, verb, given);
  Require(called != PROPNP_OK || queried == PROPNP_OK, "a query where there is a call",
          propnp_last_error(Context()));
  if (queried != PROPNP_OK || bytes > 1 << 24) return;
  const int kind = c->choices().Below(4);
  args.workspace_size = bytes - (kind == 1 && bytes > 0 ? 1 : 0);
  args.workspace = static_cast<char*>(c->memory().Workspace(bytes + 8)) + (kind == 2 ? 8 : 0);
  propnp_context* const context = Context(c->choices().Below(3));
  Call(c, verb, OfAnyVersion(c, args), context);
}

template <typename Args>
void WithoutWorkspace(Case* c, int32_t (*init)(Args*, uint64_t),
                      int32_t (*verb)(propnp_context*, const Args*)) {
  Call(c, verb, OfAnyVersion(c, c->MakeArgs(init)));
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
  if (c.choices().Below(8) == 1) propnp::fuzz::RunTasks(&c.choices());
  return 0;
}
