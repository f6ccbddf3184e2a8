// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The operations: adopt the caller's args, then the engine.
#include <chrono>

#include "propnp/c_api/adopted_args.h"
#include "propnp/c_api/context.h"
#include "propnp/engine/kernels/object_kernels.h"

namespace propnp::c_api {
namespace {

// Says in the log where a call ran and how long it took.
class CallLog {
 public:
  CallLog(const Context& context, const char* verb, int32_t device)
      : context_(context), verb_(verb), device_(device) {
    if (Wanted()) begin_ = std::chrono::steady_clock::now();
  }

  void Done() const {
    if (!Wanted()) return;
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin_;
    if (device_ >= 0) {
      context_.Log(PROPNP_LOG_DEBUG, "propnp_%s: called on CUDA device %d, %.3f ms", verb_,
                   static_cast<int>(device_), taken.count());
    } else {
      context_.Log(PROPNP_LOG_DEBUG, "propnp_%s: done on the CPU (%s), %.3f ms", verb_,
                   InstructionSetName(CurrentInstructionSet()), taken.count());
    }
  }

 private:
  bool Wanted() const { return context_.Logs(PROPNP_LOG_DEBUG); }

  const Context& context_;
  const char* const verb_;
  const int32_t device_;
  std::chrono::steady_clock::time_point begin_;
};

template <typename WithDefaults, typename Args, typename Operation>
int32_t Run(const char* verb, propnp_context* context, const Args* given,
            const Operation& operation) noexcept {
  return Guard(context, [&]() -> Status {
    AdoptedArgs<WithDefaults> adopted;
    PROPNP_RETURN_IF_ERROR(adopted.Adopt(given));
    const CallLog log(context->engine, verb, adopted.args().device);
    PROPNP_RETURN_IF_ERROR(operation(context->engine, adopted.args()));
    log.Done();
    return Status();
  });
}

template <typename WithDefaults, typename Args, typename Query>
int32_t RunQuery(propnp_context* context, const Args* given, uint64_t* bytes,
                 const Query& query) noexcept {
  return Guard(context, [&]() -> Status {
    AdoptedArgs<WithDefaults> adopted;
    PROPNP_RETURN_IF_ERROR(adopted.Adopt(given));
    PROPNP_RETURN_IF_ERROR(CheckPointer("bytes", bytes));
    return query(context->engine, adopted.args(), bytes);
  });
}

}  // namespace
}  // namespace propnp::c_api

using propnp::c_api::Run;
using propnp::c_api::RunQuery;

int32_t propnp_evaluate_workspace_size(propnp_context* context, const propnp_evaluate_args* args,
                                       uint64_t* bytes) {
  return RunQuery<propnp::EvaluateArgs>(context, args, bytes, propnp::EvaluateWorkspaceSize);
}

int32_t propnp_evaluate(propnp_context* context, const propnp_evaluate_args* args) {
  return Run<propnp::EvaluateArgs>("evaluate", context, args, propnp::Evaluate);
}

int32_t propnp_solve_workspace_size(propnp_context* context, const propnp_solve_args* args,
                                    uint64_t* bytes) {
  return RunQuery<propnp::SolveArgs>(context, args, bytes, propnp::SolveWorkspaceSize);
}

int32_t propnp_solve(propnp_context* context, const propnp_solve_args* args) {
  return Run<propnp::SolveArgs>("solve", context, args, propnp::Solve);
}

int32_t propnp_implicit_gradient_workspace_size(propnp_context* context,
                                                const propnp_implicit_gradient_args* args,
                                                uint64_t* bytes) {
  return RunQuery<propnp::ImplicitGradientArgs>(context, args, bytes,
                                                propnp::ImplicitGradientWorkspaceSize);
}

int32_t propnp_implicit_gradient(propnp_context* context,
                                 const propnp_implicit_gradient_args* args) {
  return Run<propnp::ImplicitGradientArgs>("implicit_gradient", context, args,
                                           propnp::ImplicitGradient);
}

int32_t propnp_sample_workspace_size(propnp_context* context, const propnp_sample_args* args,
                                     uint64_t* bytes) {
  return RunQuery<propnp::SampleArgs>(context, args, bytes, propnp::SamplePosteriorWorkspaceSize);
}

int32_t propnp_sample(propnp_context* context, const propnp_sample_args* args) {
  return Run<propnp::SampleArgs>("sample", context, args, propnp::SamplePosterior);
}

int32_t propnp_sample_expectation_workspace_size(propnp_context* context,
                                                 const propnp_sample_expectation_args* args,
                                                 uint64_t* bytes) {
  return RunQuery<propnp::SampleExpectationArgs>(context, args, bytes,
                                                 propnp::SampleExpectationWorkspaceSize);
}

int32_t propnp_sample_expectation(propnp_context* context,
                                  const propnp_sample_expectation_args* args) {
  return Run<propnp::SampleExpectationArgs>("sample_expectation", context, args,
                                            propnp::SampleExpectation);
}

int32_t propnp_sample_backward_workspace_size(propnp_context* context,
                                              const propnp_sample_backward_args* args,
                                              uint64_t* bytes) {
  return RunQuery<propnp::SampleBackwardArgs>(context, args, bytes,
                                              propnp::SampleBackwardWorkspaceSize);
}

int32_t propnp_sample_backward(propnp_context* context, const propnp_sample_backward_args* args) {
  return Run<propnp::SampleBackwardArgs>("sample_backward", context, args, propnp::SampleBackward);
}

int32_t propnp_pose_plus_workspace_size(propnp_context* context, const propnp_pose_plus_args* args,
                                        uint64_t* bytes) {
  return RunQuery<propnp::PosePlusArgs>(context, args, bytes, propnp::PosePlusWorkspaceSize);
}

int32_t propnp_pose_plus(propnp_context* context, const propnp_pose_plus_args* args) {
  return Run<propnp::PosePlusArgs>("pose_plus", context, args, propnp::PosePlus);
}

int32_t propnp_pose_plus_backward_workspace_size(propnp_context* context,
                                                 const propnp_pose_plus_backward_args* args,
                                                 uint64_t* bytes) {
  return RunQuery<propnp::PosePlusBackwardArgs>(context, args, bytes,
                                                propnp::PosePlusBackwardWorkspaceSize);
}

int32_t propnp_pose_plus_backward(propnp_context* context,
                                  const propnp_pose_plus_backward_args* args) {
  return Run<propnp::PosePlusBackwardArgs>("pose_plus_backward", context, args,
                                           propnp::PosePlusBackward);
}

int32_t propnp_draw_workspace_size(propnp_context* context, const propnp_draw_args* args,
                                   uint64_t* bytes) {
  return RunQuery<propnp::DrawArgs>(context, args, bytes, propnp::DrawWorkspaceSize);
}

int32_t propnp_draw(propnp_context* context, const propnp_draw_args* args) {
  return Run<propnp::DrawArgs>("draw", context, args, propnp::Draw);
}

int32_t propnp_convert_covariance(propnp_context* context,
                                  const propnp_convert_covariance_args* args) {
  return Run<propnp::ConvertCovarianceArgs>("convert_covariance", context, args,
                                            propnp::ConvertCovariance);
}

int32_t propnp_move_pose(propnp_context* context, const propnp_move_pose_args* args) {
  return Run<propnp::MovePoseArgs>("move_pose", context, args, propnp::MovePose);
}

int32_t propnp_pose_difference(propnp_context* context, const propnp_pose_difference_args* args) {
  return Run<propnp::PoseDifferenceArgs>("pose_difference", context, args, propnp::PoseDifference);
}

int32_t propnp_convert_step(propnp_context* context, const propnp_convert_step_args* args) {
  return Run<propnp::ConvertStepArgs>("convert_step", context, args, propnp::ConvertStep);
}
