// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The init functions: the defaults of the engine's classes, in the caller's structs.
#include "propnp/c_api/adopted_args.h"
#include "propnp/c_api/context.h"

namespace propnp::c_api {
namespace {

template <typename WithDefaults, typename Struct>
int32_t Init(const char* name, Struct* target, uint64_t struct_size) noexcept {
  return ReportCall(nullptr, [&] { return InitSized<WithDefaults>(name, target, struct_size); });
}

}  // namespace
}  // namespace propnp::c_api

using propnp::c_api::Init;

int32_t propnp_context_options_init(propnp_context_options* options, uint64_t struct_size) {
  return Init<propnp::ContextOptions>("context_options", options, struct_size);
}

int32_t propnp_correspondences_init(propnp_correspondences* s, uint64_t struct_size) {
  return Init<propnp::Correspondences>("correspondences", s, struct_size);
}

int32_t propnp_cameras_init(propnp_cameras* s, uint64_t struct_size) {
  return Init<propnp::Cameras>("cameras", s, struct_size);
}

int32_t propnp_prior_init(propnp_prior* s, uint64_t struct_size) {
  return Init<propnp::Prior>("prior", s, struct_size);
}

int32_t propnp_symmetries_init(propnp_symmetries* s, uint64_t struct_size) {
  return Init<propnp::Symmetries>("symmetries", s, struct_size);
}

int32_t propnp_cost_options_init(propnp_cost_options* s, uint64_t struct_size) {
  return Init<propnp::CostOptions>("cost_options", s, struct_size);
}

int32_t propnp_solve_options_init(propnp_solve_options* s, uint64_t struct_size) {
  return Init<propnp::SolveOptions>("solve_options", s, struct_size);
}

int32_t propnp_sample_options_init(propnp_sample_options* s, uint64_t struct_size) {
  return Init<propnp::SampleOptions>("sample_options", s, struct_size);
}

int32_t propnp_gradients_init(propnp_gradients* s, uint64_t struct_size) {
  return Init<propnp::Gradients>("gradients", s, struct_size);
}

int32_t propnp_evaluate_args_init(propnp_evaluate_args* args, uint64_t struct_size) {
  return Init<propnp::EvaluateArgs>("evaluate_args", args, struct_size);
}

int32_t propnp_solve_args_init(propnp_solve_args* args, uint64_t struct_size) {
  return Init<propnp::SolveArgs>("solve_args", args, struct_size);
}

int32_t propnp_implicit_gradient_args_init(propnp_implicit_gradient_args* args,
                                           uint64_t struct_size) {
  return Init<propnp::ImplicitGradientArgs>("implicit_gradient_args", args, struct_size);
}

int32_t propnp_sample_args_init(propnp_sample_args* args, uint64_t struct_size) {
  return Init<propnp::SampleArgs>("sample_args", args, struct_size);
}

int32_t propnp_sample_expectation_args_init(propnp_sample_expectation_args* args,
                                            uint64_t struct_size) {
  return Init<propnp::SampleExpectationArgs>("sample_expectation_args", args, struct_size);
}

int32_t propnp_sample_backward_args_init(propnp_sample_backward_args* args, uint64_t struct_size) {
  return Init<propnp::SampleBackwardArgs>("sample_backward_args", args, struct_size);
}

int32_t propnp_pose_plus_args_init(propnp_pose_plus_args* args, uint64_t struct_size) {
  return Init<propnp::PosePlusArgs>("pose_plus_args", args, struct_size);
}

int32_t propnp_pose_plus_backward_args_init(propnp_pose_plus_backward_args* args,
                                            uint64_t struct_size) {
  return Init<propnp::PosePlusBackwardArgs>("pose_plus_backward_args", args, struct_size);
}

int32_t propnp_draw_args_init(propnp_draw_args* args, uint64_t struct_size) {
  return Init<propnp::DrawArgs>("draw_args", args, struct_size);
}

int32_t propnp_convert_covariance_args_init(propnp_convert_covariance_args* args,
                                            uint64_t struct_size) {
  return Init<propnp::ConvertCovarianceArgs>("convert_covariance_args", args, struct_size);
}

int32_t propnp_move_pose_args_init(propnp_move_pose_args* args, uint64_t struct_size) {
  return Init<propnp::MovePoseArgs>("move_pose_args", args, struct_size);
}

int32_t propnp_pose_difference_args_init(propnp_pose_difference_args* args, uint64_t struct_size) {
  return Init<propnp::PoseDifferenceArgs>("pose_difference_args", args, struct_size);
}

int32_t propnp_convert_step_args_init(propnp_convert_step_args* args, uint64_t struct_size) {
  return Init<propnp::ConvertStepArgs>("convert_step_args", args, struct_size);
}
