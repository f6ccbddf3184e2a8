// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The args of each verb.
#include "tests/c_api/fuzz_case.h"

namespace propnp::fuzz {

void Case::Fill(propnp_evaluate_args* args) {
  FillProblem(args);
  args->drop_clamped_rows = Flag();
  args->pose = Poses();
  args->cost_value = Scalars();
  args->delta = Scalars();
  args->pixel_error = PointOutput(2);
  args->residual = PointOutput(2);
  args->loss_weight = dense_ ? memory_.Output({views_, points_}) : memory_.Output({points_});
  args->jacobian = MatrixOutput(2, dof_);
  args->gradient = memory_.Output({objects_, dof_});
  args->hessian = Matrices(dof_);
  args->status = Integers();
}

void Case::Fill(propnp_solve_args* args) {
  FillProblem(args);
  args->options = SolveOptions();
  if (choices_.Below(2)) args->pose_init = Poses();
  if (choices_.Below(2)) args->pose_target = Poses();
  args->pose = memory_.Output({objects_, pose_size_});
  args->cost_before = Scalars();
  args->cost_after = Scalars();
  args->covariance = Matrices(dof_);
  args->null_space = Matrices(dof_);
  args->variance_factor = Scalars();
  args->behind_fraction = Scalars();
  args->rank = Integers();
  args->iterations = Integers();
  args->status = Integers();
}

void Case::Fill(propnp_sample_args* args) {
  FillProblem(args);
  const int64_t modes = choices_.Of<int64_t>({4, 16, 0, 20}), levels = choices_.Below(4);
  args->start_options = SolveOptions();
  args->options = SampleOptions();
  if (choices_.Below(2)) args->pose_target = Poses();
  args->log_evidence = Scalars();
  args->standard_error = Scalars();
  args->ess = Scalars();
  args->khat = Scalars();
  args->cost_target = Scalars();
  args->mode_count = Integers();
  args->mode_pose = memory_.Output({objects_, modes, pose_size_});
  args->mode_covariance = memory_.Output({objects_, modes, dof_, dof_});
  args->mode_probability = memory_.Output({objects_, modes});
  args->mode_cost = memory_.Output({objects_, modes});
  args->sample_pose = memory_.Output({objects_, samples_, pose_size_});
  args->sample_log_weight = memory_.Output({objects_, samples_});
  args->status = Integers();
  args->loss_gradient = choices_.Below(4) == 1 ? Flag() : 0;
  args->grad_x3d = PointOutput(3);
  args->grad_x2d = PointOutput(2);
  if (!information_ || choices_.Rarely()) args->grad_w2d = PointOutput(2);
  if (information_ || choices_.Rarely()) args->grad_sqrt_info = MatrixOutput(2, 2);
  args->grad_delta = Scalars();
  const int64_t size = choices_.Below(2) ? dof_ : 3;
  if (choices_.Below(8) == 1) args->grad_prior_mean = memory_.Output({objects_, size});
  if (choices_.Below(8) == 1) args->grad_prior_sigma = memory_.Output({objects_, 3});
  if (choices_.Below(8) == 1) args->grad_prior_covariance = memory_.Output({objects_, size, size});
  if (choices_.Below(8) == 1) args->grad_prior_depth = memory_.Output({objects_, 2});
  if (choices_.Below(8) == 1)
    args->grad_prior_bound = memory_.Output({objects_, size == 3 ? 2 : 4});
  args->stages = Integers();
  args->mean_pose = memory_.Output({objects_, pose_size_});
  args->covariance = Matrices(dof_);
  args->mode_mean = memory_.Output({objects_, modes, pose_size_});
  args->mode_moment_covariance = memory_.Output({objects_, modes, dof_, dof_});
  args->quantile_levels = memory_.Tensor({levels}, {0, 1});
  args->quantiles = memory_.Output({objects_, levels, dof_});
  args->region_shares = memory_.Tensor({levels}, {0, 1});
  args->region_log_density = memory_.Output({objects_, levels});
  args->draws = memory_.Output({objects_, choices_.Below(40), pose_size_});
  args->symmetries = choices_.Below(4) == 1 ? Symmetries() : nullptr;
  args->through_delta = Flag();
  args->grad_relative_delta = Scalars();
  args->pose = memory_.Output({objects_, pose_size_});
}

void Case::Fill(propnp_sample_expectation_args* args) {
  FillProblem(args);
  args->sample_pose = memory_.Tensor({objects_, samples_, pose_size_}, {0.2, 3});
  args->sample_log_weight = memory_.Tensor({objects_, samples_}, {-9, 9});
  args->sample_cost = memory_.Output({objects_, samples_});
  args->mean_translation = memory_.Output({objects_, 3});
  args->expected_cost = Scalars();
  args->status = Integers();
}

void Case::Fill(propnp_sample_backward_args* args) {
  FillProblem(args);
  args->sample_pose = memory_.Tensor({objects_, samples_, pose_size_}, {0.2, 3});
  args->sample_log_weight = memory_.Tensor({objects_, samples_}, {-9, 9});
  if (choices_.Below(2)) args->log_weight_cotangent = memory_.Tensor({objects_, samples_});
  if (choices_.Below(2)) args->mean_translation_cotangent = memory_.Tensor({objects_, 3});
  if (choices_.Below(2)) args->expected_cost_cotangent = memory_.Tensor({objects_});
  args->gradients = choices_.Rarely() ? nullptr : Gradients();
  args->status = Integers();
}

void Case::Fill(propnp_pose_plus_args* args) {
  FillProblem(args);
  args->epsilon = Real({1e-5, 0, 1});
  args->pose = Poses();
  args->pose_plus = memory_.Output({objects_, pose_size_});
  args->step = memory_.Output({objects_, dof_});
  args->status = Integers();
}

void Case::Fill(propnp_pose_plus_backward_args* args) {
  FillProblem(args);
  args->epsilon = Real({1e-5, 0, 1});
  args->pose = Poses();
  if (choices_.Below(2)) args->pose_plus_cotangent = memory_.Tensor({objects_, pose_size_});
  if (choices_.Below(2)) args->step_cotangent = memory_.Tensor({objects_, dof_});
  args->gradients = choices_.Rarely() ? nullptr : Gradients();
  args->status = Integers();
}

void Case::Fill(propnp_implicit_gradient_args* args) {
  FillProblem(args);
  args->drop_clamped_rows = Flag();
  args->pose = Poses();
  if (choices_.Below(2)) args->pose_cotangent = memory_.Tensor({objects_, pose_size_});
  if (choices_.Below(2)) args->tangent_cotangent = memory_.Tensor({objects_, dof_});
  args->gradients = choices_.Rarely() ? nullptr : Gradients();
  args->status = Integers();
}

void Case::Fill(propnp_draw_args* args) {
  const int64_t draws = choices_.Below(40);
  args->seed = Seed();
  args->seed_pointer = memory_.SeedPointer();
  args->id_offset = choices_.Word();
  if (choices_.Below(2)) args->object_ids = memory_.Tensor({objects_}, {0, 9}, PROPNP_UINT64);
  args->sample_pose = memory_.Tensor({objects_, samples_, pose_size_});
  args->sample_log_weight = memory_.Tensor({objects_, samples_}, {-9, 9});
  args->draws = memory_.Output({objects_, draws, pose_size_});
  args->chosen = memory_.Output({objects_, draws}, PROPNP_INT32);
  args->status = Integers();
}

void Case::Fill(propnp_convert_covariance_args* args) {
  args->from = Option({0, 1, 2, 3, 4, 5, 6, 7, 8});
  args->to = Option({0, 1, 2, 3, 4, 5, 6, 7, 8});
  if (choices_.Rarely()) args->yaw_axis[choices_.Below(3)] = Real({1, 0.6, 0.8});
  if (choices_.Below(2)) args->base_rotation = memory_.Tensor({objects_, 4});
  args->pose = Poses();
  args->covariance = memory_.Tensor({objects_, dof_, dof_});
  args->result = Matrices(6);
  args->status = Integers();
}

void Case::Fill(propnp_move_pose_args* args) {
  args->tangent = Option({0, 1, 2, 3, 4, 5, 6, 7, 8});
  args->pose = Poses();
  args->step = memory_.Tensor({objects_, dof_}, {-2, 2});
  args->moved = memory_.Output({objects_, pose_size_});
  args->status = Integers();
}

void Case::Fill(propnp_pose_difference_args* args) {
  args->tangent = Option({0, 1, 2, 3, 4, 5, 6, 7, 8});
  args->from = Poses();
  args->to = Poses();
  args->step = memory_.Output({objects_, dof_});
  args->status = Integers();
}

void Case::Fill(propnp_convert_step_args* args) {
  args->from = Option({0, 1, 2, 3, 4, 5, 6, 7, 8});
  args->to = Option({0, 1, 2, 3, 4, 5, 6, 7, 8});
  args->pose = memory_.Tensor({objects_, 7}, {0.2, 3});
  args->step = memory_.Tensor({objects_, 6}, {-2, 2});
  args->result = memory_.Output({objects_, 6});
  args->status = Integers();
}

}  // namespace propnp::fuzz
