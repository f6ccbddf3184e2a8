// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Where the fields of the ABI's structs lie, as text. A test compares the table with the headers.
#include <cstddef>
#include <initializer_list>
#include <string>

#include "propnp/c_api/propnp.h"

namespace propnp::c_api {
namespace {

struct Field {
  const char* name;
  size_t offset, size;
};

void Append(const char* name, size_t size, std::initializer_list<Field> fields, std::string* text) {
  *text += std::string("struct ") + name + " " + std::to_string(size) + "\n";
  for (const Field& field : fields) {
    *text += std::string(name) + "." + field.name + " " + std::to_string(field.offset) + " " +
             std::to_string(field.size) + "\n";
  }
}

template <typename Struct, typename Member>
constexpr size_t SizeOf(Member Struct::*) {
  return sizeof(Member);  // NOLINT(bugprone-sizeof-expression): of pointers, their own is meant
}

// A struct, and each of its fields.
#define PROPNP_STRUCT(struct_name, ...)                        \
  do {                                                         \
    using Struct = struct_name;                                \
    Append(#struct_name, sizeof(Struct), {__VA_ARGS__}, text); \
  } while (false)
#define PROPNP_FIELD(field) \
  { #field, offsetof(Struct, field), SizeOf(&Struct::field) }

void AppendInputs(std::string* text) {
  PROPNP_STRUCT(propnp_tensor, PROPNP_FIELD(data), PROPNP_FIELD(dtype), PROPNP_FIELD(ndim),
                PROPNP_FIELD(shape), PROPNP_FIELD(stride));
  PROPNP_STRUCT(propnp_cameras, PROPNP_FIELD(struct_size), PROPNP_FIELD(model),
                PROPNP_FIELD(parameters), PROPNP_FIELD(size_px), PROPNP_FIELD(box_px));
  PROPNP_STRUCT(propnp_correspondences, PROPNP_FIELD(struct_size), PROPNP_FIELD(num_objects),
                PROPNP_FIELD(x3d), PROPNP_FIELD(x2d), PROPNP_FIELD(w2d), PROPNP_FIELD(sqrt_info),
                PROPNP_FIELD(counts), PROPNP_FIELD(offsets), PROPNP_FIELD(view_offsets),
                PROPNP_FIELD(view_camera), PROPNP_FIELD(view_rig), PROPNP_FIELD(camera_from_rig),
                PROPNP_FIELD(base_rotation), PROPNP_FIELD(object_ids), PROPNP_FIELD(id_offset));
  PROPNP_STRUCT(propnp_prior, PROPNP_FIELD(struct_size), PROPNP_FIELD(mean), PROPNP_FIELD(sigma),
                PROPNP_FIELD(kind), PROPNP_FIELD(depth), PROPNP_FIELD(bound), PROPNP_FIELD(pose),
                PROPNP_FIELD(covariance));
  PROPNP_STRUCT(propnp_cost_options, PROPNP_FIELD(struct_size), PROPNP_FIELD(dof),
                PROPNP_FIELD(loss), PROPNP_FIELD(delta), PROPNP_FIELD(relative_delta),
                PROPNP_FIELD(z_min), PROPNP_FIELD(yaw_axis), PROPNP_FIELD(object_delta),
                PROPNP_FIELD(prior));
  PROPNP_STRUCT(propnp_solve_options, PROPNP_FIELD(struct_size), PROPNP_FIELD(method),
                PROPNP_FIELD(max_iterations), PROPNP_FIELD(tolerance), PROPNP_FIELD(covariance),
                PROPNP_FIELD(scale_covariance), PROPNP_FIELD(num_starts),
                PROPNP_FIELD(start_points), PROPNP_FIELD(start_iterations),
                PROPNP_FIELD(num_refined), PROPNP_FIELD(seed), PROPNP_FIELD(seed_pointer),
                PROPNP_FIELD(initial_radius), PROPNP_FIELD(max_radius), PROPNP_FIELD(min_diagonal),
                PROPNP_FIELD(max_diagonal), PROPNP_FIELD(min_relative_decrease),
                PROPNP_FIELD(epsilon));
  PROPNP_STRUCT(propnp_sample_options, PROPNP_FIELD(struct_size), PROPNP_FIELD(method),
                PROPNP_FIELD(num_samples), PROPNP_FIELD(control_variates),
                PROPNP_FIELD(second_stage_ess), PROPNP_FIELD(seed), PROPNP_FIELD(seed_pointer));
  PROPNP_STRUCT(propnp_symmetries, PROPNP_FIELD(struct_size), PROPNP_FIELD(rotation),
                PROPNP_FIELD(offsets), PROPNP_FIELD(axis), PROPNP_FIELD(centre),
                PROPNP_FIELD(object_class));
  PROPNP_STRUCT(propnp_gradients, PROPNP_FIELD(struct_size), PROPNP_FIELD(hold_delta_fixed),
                PROPNP_FIELD(x3d), PROPNP_FIELD(x2d), PROPNP_FIELD(w2d), PROPNP_FIELD(sqrt_info),
                PROPNP_FIELD(delta), PROPNP_FIELD(relative_delta), PROPNP_FIELD(camera_parameters),
                PROPNP_FIELD(prior_mean), PROPNP_FIELD(prior_sigma),
                PROPNP_FIELD(prior_covariance));
  PROPNP_STRUCT(propnp_context_options, PROPNP_FIELD(struct_size), PROPNP_FIELD(num_threads),
                PROPNP_FIELD(log), PROPNP_FIELD(log_user_data), PROPNP_FIELD(log_level),
                PROPNP_FIELD(allocate), PROPNP_FIELD(deallocate), PROPNP_FIELD(allocator_user_data),
                PROPNP_FIELD(parallel_for), PROPNP_FIELD(parallel_for_user_data));
}

void AppendOperations(std::string* text) {
  PROPNP_STRUCT(propnp_solve_args, PROPNP_FIELD(struct_size), PROPNP_FIELD(correspondences),
                PROPNP_FIELD(cameras), PROPNP_FIELD(cost), PROPNP_FIELD(options),
                PROPNP_FIELD(precision), PROPNP_FIELD(device), PROPNP_FIELD(stream),
                PROPNP_FIELD(workspace), PROPNP_FIELD(workspace_size), PROPNP_FIELD(pose_init),
                PROPNP_FIELD(pose_target), PROPNP_FIELD(pose), PROPNP_FIELD(cost_before),
                PROPNP_FIELD(cost_after), PROPNP_FIELD(covariance), PROPNP_FIELD(null_space),
                PROPNP_FIELD(variance_factor), PROPNP_FIELD(behind_fraction), PROPNP_FIELD(rank),
                PROPNP_FIELD(iterations), PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_evaluate_args, PROPNP_FIELD(struct_size), PROPNP_FIELD(correspondences),
                PROPNP_FIELD(cameras), PROPNP_FIELD(cost), PROPNP_FIELD(precision),
                PROPNP_FIELD(device), PROPNP_FIELD(stream), PROPNP_FIELD(workspace),
                PROPNP_FIELD(workspace_size), PROPNP_FIELD(drop_clamped_rows), PROPNP_FIELD(pose),
                PROPNP_FIELD(cost_value), PROPNP_FIELD(delta), PROPNP_FIELD(pixel_error),
                PROPNP_FIELD(residual), PROPNP_FIELD(loss_weight), PROPNP_FIELD(jacobian),
                PROPNP_FIELD(gradient), PROPNP_FIELD(hessian), PROPNP_FIELD(status));
  PROPNP_STRUCT(
      propnp_sample_args, PROPNP_FIELD(struct_size), PROPNP_FIELD(correspondences),
      PROPNP_FIELD(cameras), PROPNP_FIELD(cost), PROPNP_FIELD(start_options), PROPNP_FIELD(options),
      PROPNP_FIELD(precision), PROPNP_FIELD(device), PROPNP_FIELD(stream), PROPNP_FIELD(workspace),
      PROPNP_FIELD(workspace_size), PROPNP_FIELD(pose_target), PROPNP_FIELD(log_evidence),
      PROPNP_FIELD(standard_error), PROPNP_FIELD(ess), PROPNP_FIELD(khat),
      PROPNP_FIELD(cost_target), PROPNP_FIELD(mode_count), PROPNP_FIELD(mode_pose),
      PROPNP_FIELD(mode_covariance), PROPNP_FIELD(mode_probability), PROPNP_FIELD(mode_cost),
      PROPNP_FIELD(sample_pose), PROPNP_FIELD(sample_log_weight), PROPNP_FIELD(status),
      PROPNP_FIELD(loss_gradient), PROPNP_FIELD(grad_x3d), PROPNP_FIELD(grad_x2d),
      PROPNP_FIELD(grad_w2d), PROPNP_FIELD(grad_sqrt_info), PROPNP_FIELD(grad_delta),
      PROPNP_FIELD(grad_prior_mean), PROPNP_FIELD(grad_prior_sigma), PROPNP_FIELD(stages),
      PROPNP_FIELD(mean_pose), PROPNP_FIELD(covariance), PROPNP_FIELD(mode_mean),
      PROPNP_FIELD(mode_moment_covariance), PROPNP_FIELD(quantile_levels), PROPNP_FIELD(quantiles),
      PROPNP_FIELD(region_shares), PROPNP_FIELD(region_log_density), PROPNP_FIELD(draws),
      PROPNP_FIELD(symmetries), PROPNP_FIELD(grad_prior_covariance), PROPNP_FIELD(grad_prior_depth),
      PROPNP_FIELD(grad_prior_bound), PROPNP_FIELD(through_delta),
      PROPNP_FIELD(grad_relative_delta), PROPNP_FIELD(pose));
  PROPNP_STRUCT(propnp_pose_plus_args, PROPNP_FIELD(struct_size), PROPNP_FIELD(correspondences),
                PROPNP_FIELD(cameras), PROPNP_FIELD(cost), PROPNP_FIELD(device),
                PROPNP_FIELD(stream), PROPNP_FIELD(workspace), PROPNP_FIELD(workspace_size),
                PROPNP_FIELD(epsilon), PROPNP_FIELD(pose), PROPNP_FIELD(pose_plus),
                PROPNP_FIELD(step), PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_pose_plus_backward_args, PROPNP_FIELD(struct_size),
                PROPNP_FIELD(correspondences), PROPNP_FIELD(cameras), PROPNP_FIELD(cost),
                PROPNP_FIELD(device), PROPNP_FIELD(stream), PROPNP_FIELD(workspace),
                PROPNP_FIELD(workspace_size), PROPNP_FIELD(epsilon), PROPNP_FIELD(pose),
                PROPNP_FIELD(pose_plus_cotangent), PROPNP_FIELD(step_cotangent),
                PROPNP_FIELD(gradients), PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_implicit_gradient_args, PROPNP_FIELD(struct_size),
                PROPNP_FIELD(correspondences), PROPNP_FIELD(cameras), PROPNP_FIELD(cost),
                PROPNP_FIELD(device), PROPNP_FIELD(stream), PROPNP_FIELD(workspace),
                PROPNP_FIELD(workspace_size), PROPNP_FIELD(drop_clamped_rows), PROPNP_FIELD(pose),
                PROPNP_FIELD(pose_cotangent), PROPNP_FIELD(tangent_cotangent),
                PROPNP_FIELD(gradients), PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_sample_expectation_args, PROPNP_FIELD(struct_size),
                PROPNP_FIELD(correspondences), PROPNP_FIELD(cameras), PROPNP_FIELD(cost),
                PROPNP_FIELD(precision), PROPNP_FIELD(device), PROPNP_FIELD(stream),
                PROPNP_FIELD(workspace), PROPNP_FIELD(workspace_size), PROPNP_FIELD(sample_pose),
                PROPNP_FIELD(sample_log_weight), PROPNP_FIELD(sample_cost),
                PROPNP_FIELD(mean_translation), PROPNP_FIELD(expected_cost), PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_sample_backward_args, PROPNP_FIELD(struct_size),
                PROPNP_FIELD(correspondences), PROPNP_FIELD(cameras), PROPNP_FIELD(cost),
                PROPNP_FIELD(precision), PROPNP_FIELD(device), PROPNP_FIELD(stream),
                PROPNP_FIELD(workspace), PROPNP_FIELD(workspace_size), PROPNP_FIELD(sample_pose),
                PROPNP_FIELD(sample_log_weight), PROPNP_FIELD(log_weight_cotangent),
                PROPNP_FIELD(mean_translation_cotangent), PROPNP_FIELD(expected_cost_cotangent),
                PROPNP_FIELD(gradients), PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_draw_args, PROPNP_FIELD(struct_size), PROPNP_FIELD(device),
                PROPNP_FIELD(stream), PROPNP_FIELD(workspace), PROPNP_FIELD(workspace_size),
                PROPNP_FIELD(seed), PROPNP_FIELD(seed_pointer), PROPNP_FIELD(id_offset),
                PROPNP_FIELD(object_ids), PROPNP_FIELD(sample_pose),
                PROPNP_FIELD(sample_log_weight), PROPNP_FIELD(draws), PROPNP_FIELD(chosen),
                PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_convert_covariance_args, PROPNP_FIELD(struct_size), PROPNP_FIELD(device),
                PROPNP_FIELD(from), PROPNP_FIELD(to), PROPNP_FIELD(stream), PROPNP_FIELD(yaw_axis),
                PROPNP_FIELD(base_rotation), PROPNP_FIELD(pose), PROPNP_FIELD(covariance),
                PROPNP_FIELD(result), PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_move_pose_args, PROPNP_FIELD(struct_size), PROPNP_FIELD(device),
                PROPNP_FIELD(tangent), PROPNP_FIELD(stream), PROPNP_FIELD(pose), PROPNP_FIELD(step),
                PROPNP_FIELD(moved), PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_pose_difference_args, PROPNP_FIELD(struct_size), PROPNP_FIELD(device),
                PROPNP_FIELD(tangent), PROPNP_FIELD(stream), PROPNP_FIELD(from), PROPNP_FIELD(to),
                PROPNP_FIELD(step), PROPNP_FIELD(status));
  PROPNP_STRUCT(propnp_convert_step_args, PROPNP_FIELD(struct_size), PROPNP_FIELD(device),
                PROPNP_FIELD(from), PROPNP_FIELD(to), PROPNP_FIELD(stream), PROPNP_FIELD(pose),
                PROPNP_FIELD(step), PROPNP_FIELD(result), PROPNP_FIELD(status));
}

#undef PROPNP_FIELD
#undef PROPNP_STRUCT

std::string DescribeLayout() {
  std::string text;
  AppendInputs(&text);
  AppendOperations(&text);
  return text;
}

}  // namespace
}  // namespace propnp::c_api

const char* propnp_abi_layout(void) {
  static const std::string text = propnp::c_api::DescribeLayout();
  return text.c_str();
}
