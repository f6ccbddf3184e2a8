// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The operations: adopt the caller's args, then the engine.
#include "propnp/c_api/adopted_args.h"
#include "propnp/c_api/context.h"

namespace propnp::c_api {
namespace {

template <typename WithDefaults, typename Args, typename Operation>
int32_t Run(propnp_context* context, const Args* given, const Operation& operation) noexcept {
  return Guard(context, [&]() -> Status {
    AdoptedArgs<WithDefaults> adopted;
    PROPNP_RETURN_IF_ERROR(adopted.Adopt(given));
    return operation(context->engine, adopted.args());
  });
}

template <typename WithDefaults, typename Args, typename Query>
int32_t RunQuery(propnp_context* context, const Args* given, uint64_t* bytes,
                 const Query& query) noexcept {
  return Run<WithDefaults>(context, given, [&](const Context& engine, const WithDefaults& args) {
    if (!bytes) return Status::InvalidArgument("bytes is null");
    return query(engine, args, bytes);
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
  return Run<propnp::EvaluateArgs>(context, args, propnp::Evaluate);
}

int32_t propnp_solve_workspace_size(propnp_context* context, const propnp_solve_args* args,
                                    uint64_t* bytes) {
  return RunQuery<propnp::SolveArgs>(context, args, bytes, propnp::SolveWorkspaceSize);
}

int32_t propnp_solve(propnp_context* context, const propnp_solve_args* args) {
  return Run<propnp::SolveArgs>(context, args, propnp::Solve);
}

int32_t propnp_implicit_gradient_workspace_size(propnp_context* context,
                                                const propnp_implicit_gradient_args* args,
                                                uint64_t* bytes) {
  return RunQuery<propnp::ImplicitGradientArgs>(context, args, bytes,
                                                propnp::ImplicitGradientWorkspaceSize);
}

int32_t propnp_implicit_gradient(propnp_context* context,
                                 const propnp_implicit_gradient_args* args) {
  return Run<propnp::ImplicitGradientArgs>(context, args, propnp::ImplicitGradient);
}

int32_t propnp_sample_workspace_size(propnp_context* context, const propnp_sample_args* args,
                                     uint64_t* bytes) {
  return RunQuery<propnp::SampleArgs>(context, args, bytes, propnp::SamplePosteriorWorkspaceSize);
}

int32_t propnp_sample(propnp_context* context, const propnp_sample_args* args) {
  return Run<propnp::SampleArgs>(context, args, propnp::SamplePosterior);
}

int32_t propnp_sample_expectation_workspace_size(propnp_context* context,
                                                 const propnp_sample_expectation_args* args,
                                                 uint64_t* bytes) {
  return RunQuery<propnp::SampleExpectationArgs>(context, args, bytes,
                                                 propnp::SampleExpectationWorkspaceSize);
}

int32_t propnp_sample_expectation(propnp_context* context,
                                  const propnp_sample_expectation_args* args) {
  return Run<propnp::SampleExpectationArgs>(context, args, propnp::SampleExpectation);
}

int32_t propnp_sample_backward_workspace_size(propnp_context* context,
                                              const propnp_sample_backward_args* args,
                                              uint64_t* bytes) {
  return RunQuery<propnp::SampleBackwardArgs>(context, args, bytes,
                                              propnp::SampleBackwardWorkspaceSize);
}

int32_t propnp_sample_backward(propnp_context* context, const propnp_sample_backward_args* args) {
  return Run<propnp::SampleBackwardArgs>(context, args, propnp::SampleBackward);
}

int32_t propnp_pose_plus_workspace_size(propnp_context* context, const propnp_pose_plus_args* args,
                                        uint64_t* bytes) {
  return RunQuery<propnp::PosePlusArgs>(context, args, bytes, propnp::PosePlusWorkspaceSize);
}

int32_t propnp_pose_plus(propnp_context* context, const propnp_pose_plus_args* args) {
  return Run<propnp::PosePlusArgs>(context, args, propnp::PosePlus);
}

int32_t propnp_pose_plus_backward_workspace_size(propnp_context* context,
                                                 const propnp_pose_plus_backward_args* args,
                                                 uint64_t* bytes) {
  return RunQuery<propnp::PosePlusBackwardArgs>(context, args, bytes,
                                                propnp::PosePlusBackwardWorkspaceSize);
}

int32_t propnp_pose_plus_backward(propnp_context* context,
                                  const propnp_pose_plus_backward_args* args) {
  return Run<propnp::PosePlusBackwardArgs>(context, args, propnp::PosePlusBackward);
}
