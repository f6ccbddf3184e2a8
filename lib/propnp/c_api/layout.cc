// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Where the fields of the ABI's structs lie, as text. A test compares the table with the headers.
#include <cstddef>
#include <string>

#include "propnp/c_api/propnp.h"

namespace propnp::c_api {
namespace {

struct Field {
  const char* name;
  size_t offset, size;
};

template <size_t kCount>
void Append(const char* name, size_t size, const Field (&fields)[kCount], std::string* text) {
  *text += std::string("struct ") + name + " " + std::to_string(size) + "\n";
  for (const Field& field : fields) {
    *text += std::string(name) + "." + field.name + " " + std::to_string(field.offset) + " " +
             std::to_string(field.size) + "\n";
  }
}

#define PROPNP_FIELD(type, field) \
  { #field, offsetof(type, field), sizeof(type::field) }

std::string DescribeLayout() {
  std::string text;
  Append("propnp_tensor", sizeof(propnp_tensor),
         {PROPNP_FIELD(propnp_tensor, data), PROPNP_FIELD(propnp_tensor, dtype),
          PROPNP_FIELD(propnp_tensor, ndim), PROPNP_FIELD(propnp_tensor, shape),
          PROPNP_FIELD(propnp_tensor, stride)},
         &text);
  Append("propnp_cameras", sizeof(propnp_cameras),
         {PROPNP_FIELD(propnp_cameras, struct_size), PROPNP_FIELD(propnp_cameras, model),
          PROPNP_FIELD(propnp_cameras, parameters), PROPNP_FIELD(propnp_cameras, size_px),
          PROPNP_FIELD(propnp_cameras, box_px)},
         &text);
  Append(
      "propnp_correspondences", sizeof(propnp_correspondences),
      {PROPNP_FIELD(propnp_correspondences, struct_size),
       PROPNP_FIELD(propnp_correspondences, num_objects), PROPNP_FIELD(propnp_correspondences, x3d),
       PROPNP_FIELD(propnp_correspondences, x2d), PROPNP_FIELD(propnp_correspondences, w2d),
       PROPNP_FIELD(propnp_correspondences, sqrt_info),
       PROPNP_FIELD(propnp_correspondences, counts), PROPNP_FIELD(propnp_correspondences, offsets),
       PROPNP_FIELD(propnp_correspondences, view_offsets),
       PROPNP_FIELD(propnp_correspondences, view_camera),
       PROPNP_FIELD(propnp_correspondences, view_rig),
       PROPNP_FIELD(propnp_correspondences, camera_from_rig),
       PROPNP_FIELD(propnp_correspondences, base_rotation),
       PROPNP_FIELD(propnp_correspondences, object_ids),
       PROPNP_FIELD(propnp_correspondences, id_offset)},
      &text);
  Append("propnp_prior", sizeof(propnp_prior),
         {PROPNP_FIELD(propnp_prior, struct_size), PROPNP_FIELD(propnp_prior, mean),
          PROPNP_FIELD(propnp_prior, sigma), PROPNP_FIELD(propnp_prior, kind),
          PROPNP_FIELD(propnp_prior, depth), PROPNP_FIELD(propnp_prior, bound),
          PROPNP_FIELD(propnp_prior, pose), PROPNP_FIELD(propnp_prior, covariance)},
         &text);
  Append(
      "propnp_cost_options", sizeof(propnp_cost_options),
      {PROPNP_FIELD(propnp_cost_options, struct_size), PROPNP_FIELD(propnp_cost_options, dof),
       PROPNP_FIELD(propnp_cost_options, loss), PROPNP_FIELD(propnp_cost_options, delta),
       PROPNP_FIELD(propnp_cost_options, relative_delta), PROPNP_FIELD(propnp_cost_options, z_min),
       PROPNP_FIELD(propnp_cost_options, yaw_axis), PROPNP_FIELD(propnp_cost_options, object_delta),
       PROPNP_FIELD(propnp_cost_options, prior)},
      &text);
  Append(
      "propnp_solve_options", sizeof(propnp_solve_options),
      {PROPNP_FIELD(propnp_solve_options, struct_size), PROPNP_FIELD(propnp_solve_options, method),
       PROPNP_FIELD(propnp_solve_options, max_iterations),
       PROPNP_FIELD(propnp_solve_options, tolerance),
       PROPNP_FIELD(propnp_solve_options, covariance),
       PROPNP_FIELD(propnp_solve_options, scale_covariance),
       PROPNP_FIELD(propnp_solve_options, num_starts),
       PROPNP_FIELD(propnp_solve_options, start_points),
       PROPNP_FIELD(propnp_solve_options, start_iterations),
       PROPNP_FIELD(propnp_solve_options, num_refined), PROPNP_FIELD(propnp_solve_options, seed),
       PROPNP_FIELD(propnp_solve_options, seed_pointer),
       PROPNP_FIELD(propnp_solve_options, initial_radius),
       PROPNP_FIELD(propnp_solve_options, max_radius),
       PROPNP_FIELD(propnp_solve_options, min_diagonal),
       PROPNP_FIELD(propnp_solve_options, max_diagonal),
       PROPNP_FIELD(propnp_solve_options, min_relative_decrease),
       PROPNP_FIELD(propnp_solve_options, epsilon)},
      &text);
  Append("propnp_solve_args", sizeof(propnp_solve_args),
         {PROPNP_FIELD(propnp_solve_args, struct_size),
          PROPNP_FIELD(propnp_solve_args, correspondences),
          PROPNP_FIELD(propnp_solve_args, cameras),
          PROPNP_FIELD(propnp_solve_args, cost),
          PROPNP_FIELD(propnp_solve_args, options),
          PROPNP_FIELD(propnp_solve_args, precision),
          PROPNP_FIELD(propnp_solve_args, device),
          PROPNP_FIELD(propnp_solve_args, stream),
          PROPNP_FIELD(propnp_solve_args, workspace),
          PROPNP_FIELD(propnp_solve_args, workspace_size),
          PROPNP_FIELD(propnp_solve_args, pose_init),
          PROPNP_FIELD(propnp_solve_args, pose_target),
          PROPNP_FIELD(propnp_solve_args, pose),
          PROPNP_FIELD(propnp_solve_args, cost_before),
          PROPNP_FIELD(propnp_solve_args, cost_after),
          PROPNP_FIELD(propnp_solve_args, covariance),
          PROPNP_FIELD(propnp_solve_args, null_space),
          PROPNP_FIELD(propnp_solve_args, variance_factor),
          PROPNP_FIELD(propnp_solve_args, behind_fraction),
          PROPNP_FIELD(propnp_solve_args, rank),
          PROPNP_FIELD(propnp_solve_args, iterations),
          PROPNP_FIELD(propnp_solve_args, status)},
         &text);
  Append("propnp_evaluate_args", sizeof(propnp_evaluate_args),
         {PROPNP_FIELD(propnp_evaluate_args, struct_size),
          PROPNP_FIELD(propnp_evaluate_args, correspondences),
          PROPNP_FIELD(propnp_evaluate_args, cameras),
          PROPNP_FIELD(propnp_evaluate_args, cost),
          PROPNP_FIELD(propnp_evaluate_args, precision),
          PROPNP_FIELD(propnp_evaluate_args, device),
          PROPNP_FIELD(propnp_evaluate_args, stream),
          PROPNP_FIELD(propnp_evaluate_args, workspace),
          PROPNP_FIELD(propnp_evaluate_args, workspace_size),
          PROPNP_FIELD(propnp_evaluate_args, drop_clamped_rows),
          PROPNP_FIELD(propnp_evaluate_args, pose),
          PROPNP_FIELD(propnp_evaluate_args, cost_value),
          PROPNP_FIELD(propnp_evaluate_args, delta),
          PROPNP_FIELD(propnp_evaluate_args, pixel_error),
          PROPNP_FIELD(propnp_evaluate_args, residual),
          PROPNP_FIELD(propnp_evaluate_args, loss_weight),
          PROPNP_FIELD(propnp_evaluate_args, jacobian),
          PROPNP_FIELD(propnp_evaluate_args, gradient),
          PROPNP_FIELD(propnp_evaluate_args, hessian),
          PROPNP_FIELD(propnp_evaluate_args, status)},
         &text);
  Append("propnp_sample_options", sizeof(propnp_sample_options),
         {PROPNP_FIELD(propnp_sample_options, struct_size),
          PROPNP_FIELD(propnp_sample_options, method),
          PROPNP_FIELD(propnp_sample_options, num_samples),
          PROPNP_FIELD(propnp_sample_options, control_variates),
          PROPNP_FIELD(propnp_sample_options, second_stage_ess),
          PROPNP_FIELD(propnp_sample_options, seed),
          PROPNP_FIELD(propnp_sample_options, seed_pointer)},
         &text);
  Append("propnp_symmetries", sizeof(propnp_symmetries),
         {PROPNP_FIELD(propnp_symmetries, struct_size), PROPNP_FIELD(propnp_symmetries, rotation),
          PROPNP_FIELD(propnp_symmetries, offsets), PROPNP_FIELD(propnp_symmetries, axis),
          PROPNP_FIELD(propnp_symmetries, centre), PROPNP_FIELD(propnp_symmetries, object_class)},
         &text);
  Append("propnp_sample_args", sizeof(propnp_sample_args),
         {PROPNP_FIELD(propnp_sample_args, struct_size),
          PROPNP_FIELD(propnp_sample_args, correspondences),
          PROPNP_FIELD(propnp_sample_args, cameras),
          PROPNP_FIELD(propnp_sample_args, cost),
          PROPNP_FIELD(propnp_sample_args, start_options),
          PROPNP_FIELD(propnp_sample_args, options),
          PROPNP_FIELD(propnp_sample_args, precision),
          PROPNP_FIELD(propnp_sample_args, device),
          PROPNP_FIELD(propnp_sample_args, stream),
          PROPNP_FIELD(propnp_sample_args, workspace),
          PROPNP_FIELD(propnp_sample_args, workspace_size),
          PROPNP_FIELD(propnp_sample_args, pose_target),
          PROPNP_FIELD(propnp_sample_args, log_evidence),
          PROPNP_FIELD(propnp_sample_args, standard_error),
          PROPNP_FIELD(propnp_sample_args, ess),
          PROPNP_FIELD(propnp_sample_args, khat),
          PROPNP_FIELD(propnp_sample_args, cost_target),
          PROPNP_FIELD(propnp_sample_args, mode_count),
          PROPNP_FIELD(propnp_sample_args, mode_pose),
          PROPNP_FIELD(propnp_sample_args, mode_covariance),
          PROPNP_FIELD(propnp_sample_args, mode_probability),
          PROPNP_FIELD(propnp_sample_args, mode_cost),
          PROPNP_FIELD(propnp_sample_args, sample_pose),
          PROPNP_FIELD(propnp_sample_args, sample_log_weight),
          PROPNP_FIELD(propnp_sample_args, status),
          PROPNP_FIELD(propnp_sample_args, loss_gradient),
          PROPNP_FIELD(propnp_sample_args, grad_x3d),
          PROPNP_FIELD(propnp_sample_args, grad_x2d),
          PROPNP_FIELD(propnp_sample_args, grad_w2d),
          PROPNP_FIELD(propnp_sample_args, grad_sqrt_info),
          PROPNP_FIELD(propnp_sample_args, grad_delta),
          PROPNP_FIELD(propnp_sample_args, grad_prior_mean),
          PROPNP_FIELD(propnp_sample_args, grad_prior_sigma),
          PROPNP_FIELD(propnp_sample_args, stages),
          PROPNP_FIELD(propnp_sample_args, mean_pose),
          PROPNP_FIELD(propnp_sample_args, covariance),
          PROPNP_FIELD(propnp_sample_args, mode_mean),
          PROPNP_FIELD(propnp_sample_args, mode_moment_covariance),
          PROPNP_FIELD(propnp_sample_args, quantile_levels),
          PROPNP_FIELD(propnp_sample_args, quantiles),
          PROPNP_FIELD(propnp_sample_args, region_shares),
          PROPNP_FIELD(propnp_sample_args, region_log_density),
          PROPNP_FIELD(propnp_sample_args, draws),
          PROPNP_FIELD(propnp_sample_args, symmetries)},
         &text);
  Append("propnp_gradients", sizeof(propnp_gradients),
         {PROPNP_FIELD(propnp_gradients, struct_size),
          PROPNP_FIELD(propnp_gradients, hold_delta_fixed), PROPNP_FIELD(propnp_gradients, x3d),
          PROPNP_FIELD(propnp_gradients, x2d), PROPNP_FIELD(propnp_gradients, w2d),
          PROPNP_FIELD(propnp_gradients, sqrt_info), PROPNP_FIELD(propnp_gradients, delta),
          PROPNP_FIELD(propnp_gradients, relative_delta),
          PROPNP_FIELD(propnp_gradients, camera_parameters),
          PROPNP_FIELD(propnp_gradients, prior_mean), PROPNP_FIELD(propnp_gradients, prior_sigma)},
         &text);
  Append("propnp_pose_plus_args", sizeof(propnp_pose_plus_args),
         {PROPNP_FIELD(propnp_pose_plus_args, struct_size),
          PROPNP_FIELD(propnp_pose_plus_args, correspondences),
          PROPNP_FIELD(propnp_pose_plus_args, cameras), PROPNP_FIELD(propnp_pose_plus_args, cost),
          PROPNP_FIELD(propnp_pose_plus_args, device), PROPNP_FIELD(propnp_pose_plus_args, stream),
          PROPNP_FIELD(propnp_pose_plus_args, workspace),
          PROPNP_FIELD(propnp_pose_plus_args, workspace_size),
          PROPNP_FIELD(propnp_pose_plus_args, epsilon), PROPNP_FIELD(propnp_pose_plus_args, pose),
          PROPNP_FIELD(propnp_pose_plus_args, pose_plus), PROPNP_FIELD(propnp_pose_plus_args, step),
          PROPNP_FIELD(propnp_pose_plus_args, status)},
         &text);
  Append("propnp_pose_plus_backward_args", sizeof(propnp_pose_plus_backward_args),
         {PROPNP_FIELD(propnp_pose_plus_backward_args, struct_size),
          PROPNP_FIELD(propnp_pose_plus_backward_args, correspondences),
          PROPNP_FIELD(propnp_pose_plus_backward_args, cameras),
          PROPNP_FIELD(propnp_pose_plus_backward_args, cost),
          PROPNP_FIELD(propnp_pose_plus_backward_args, device),
          PROPNP_FIELD(propnp_pose_plus_backward_args, stream),
          PROPNP_FIELD(propnp_pose_plus_backward_args, workspace),
          PROPNP_FIELD(propnp_pose_plus_backward_args, workspace_size),
          PROPNP_FIELD(propnp_pose_plus_backward_args, epsilon),
          PROPNP_FIELD(propnp_pose_plus_backward_args, pose),
          PROPNP_FIELD(propnp_pose_plus_backward_args, pose_plus_cotangent),
          PROPNP_FIELD(propnp_pose_plus_backward_args, step_cotangent),
          PROPNP_FIELD(propnp_pose_plus_backward_args, gradients),
          PROPNP_FIELD(propnp_pose_plus_backward_args, status)},
         &text);
  Append("propnp_implicit_gradient_args", sizeof(propnp_implicit_gradient_args),
         {PROPNP_FIELD(propnp_implicit_gradient_args, struct_size),
          PROPNP_FIELD(propnp_implicit_gradient_args, correspondences),
          PROPNP_FIELD(propnp_implicit_gradient_args, cameras),
          PROPNP_FIELD(propnp_implicit_gradient_args, cost),
          PROPNP_FIELD(propnp_implicit_gradient_args, device),
          PROPNP_FIELD(propnp_implicit_gradient_args, stream),
          PROPNP_FIELD(propnp_implicit_gradient_args, workspace),
          PROPNP_FIELD(propnp_implicit_gradient_args, workspace_size),
          PROPNP_FIELD(propnp_implicit_gradient_args, drop_clamped_rows),
          PROPNP_FIELD(propnp_implicit_gradient_args, pose),
          PROPNP_FIELD(propnp_implicit_gradient_args, pose_cotangent),
          PROPNP_FIELD(propnp_implicit_gradient_args, tangent_cotangent),
          PROPNP_FIELD(propnp_implicit_gradient_args, gradients),
          PROPNP_FIELD(propnp_implicit_gradient_args, status)},
         &text);
  Append("propnp_sample_expectation_args", sizeof(propnp_sample_expectation_args),
         {PROPNP_FIELD(propnp_sample_expectation_args, struct_size),
          PROPNP_FIELD(propnp_sample_expectation_args, correspondences),
          PROPNP_FIELD(propnp_sample_expectation_args, cameras),
          PROPNP_FIELD(propnp_sample_expectation_args, cost),
          PROPNP_FIELD(propnp_sample_expectation_args, precision),
          PROPNP_FIELD(propnp_sample_expectation_args, device),
          PROPNP_FIELD(propnp_sample_expectation_args, stream),
          PROPNP_FIELD(propnp_sample_expectation_args, workspace),
          PROPNP_FIELD(propnp_sample_expectation_args, workspace_size),
          PROPNP_FIELD(propnp_sample_expectation_args, sample_pose),
          PROPNP_FIELD(propnp_sample_expectation_args, sample_log_weight),
          PROPNP_FIELD(propnp_sample_expectation_args, sample_cost),
          PROPNP_FIELD(propnp_sample_expectation_args, mean_translation),
          PROPNP_FIELD(propnp_sample_expectation_args, expected_cost),
          PROPNP_FIELD(propnp_sample_expectation_args, status)},
         &text);
  Append("propnp_sample_backward_args", sizeof(propnp_sample_backward_args),
         {PROPNP_FIELD(propnp_sample_backward_args, struct_size),
          PROPNP_FIELD(propnp_sample_backward_args, correspondences),
          PROPNP_FIELD(propnp_sample_backward_args, cameras),
          PROPNP_FIELD(propnp_sample_backward_args, cost),
          PROPNP_FIELD(propnp_sample_backward_args, precision),
          PROPNP_FIELD(propnp_sample_backward_args, device),
          PROPNP_FIELD(propnp_sample_backward_args, stream),
          PROPNP_FIELD(propnp_sample_backward_args, workspace),
          PROPNP_FIELD(propnp_sample_backward_args, workspace_size),
          PROPNP_FIELD(propnp_sample_backward_args, sample_pose),
          PROPNP_FIELD(propnp_sample_backward_args, sample_log_weight),
          PROPNP_FIELD(propnp_sample_backward_args, log_weight_cotangent),
          PROPNP_FIELD(propnp_sample_backward_args, mean_translation_cotangent),
          PROPNP_FIELD(propnp_sample_backward_args, expected_cost_cotangent),
          PROPNP_FIELD(propnp_sample_backward_args, gradients),
          PROPNP_FIELD(propnp_sample_backward_args, status)},
         &text);
  Append("propnp_context_options", sizeof(propnp_context_options),
         {PROPNP_FIELD(propnp_context_options, struct_size),
          PROPNP_FIELD(propnp_context_options, num_threads)},
         &text);
  return text;
}

#undef PROPNP_FIELD

}  // namespace
}  // namespace propnp::c_api

const char* propnp_abi_layout(void) {
  static const std::string text = propnp::c_api::DescribeLayout();
  return text.c_str();
}
