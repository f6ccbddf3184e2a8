// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The sizes of the ABI's structs in its version 1.0, in bytes.
#ifndef PROPNP_C_API_FIRST_SIZES_H_
#define PROPNP_C_API_FIRST_SIZES_H_

#include "propnp/c_api/propnp.h"

namespace propnp::c_api {

// Never change a number: no caller has a smaller struct. What is appended to a struct begins no
// earlier than this, for behind the last field of an old caller's may be padding of any value.
template <typename Struct>
constexpr uint64_t kFirstSize = 0;
template <>
inline constexpr uint64_t kFirstSize<propnp_context_options> = 16;
template <>
inline constexpr uint64_t kFirstSize<propnp_cameras> = 328;
template <>
inline constexpr uint64_t kFirstSize<propnp_correspondences> = 984;
template <>
inline constexpr uint64_t kFirstSize<propnp_prior> = 496;
template <>
inline constexpr uint64_t kFirstSize<propnp_symmetries> = 408;
template <>
inline constexpr uint64_t kFirstSize<propnp_cost_options> = 152;
template <>
inline constexpr uint64_t kFirstSize<propnp_solve_options> = 112;
template <>
inline constexpr uint64_t kFirstSize<propnp_sample_options> = 48;
template <>
inline constexpr uint64_t kFirstSize<propnp_gradients> = 736;
template <>
inline constexpr uint64_t kFirstSize<propnp_evaluate_args> = 872;
template <>
inline constexpr uint64_t kFirstSize<propnp_solve_args> = 1032;
template <>
inline constexpr uint64_t kFirstSize<propnp_implicit_gradient_args> = 400;
template <>
inline constexpr uint64_t kFirstSize<propnp_sample_args> = 2576;
template <>
inline constexpr uint64_t kFirstSize<propnp_sample_expectation_args> = 544;
template <>
inline constexpr uint64_t kFirstSize<propnp_sample_backward_args> = 552;
template <>
inline constexpr uint64_t kFirstSize<propnp_pose_plus_args> = 392;
template <>
inline constexpr uint64_t kFirstSize<propnp_pose_plus_backward_args> = 400;
template <>
inline constexpr uint64_t kFirstSize<propnp_draw_args> = 544;
template <>
inline constexpr uint64_t kFirstSize<propnp_convert_covariance_args> = 456;
template <>
inline constexpr uint64_t kFirstSize<propnp_move_pose_args> = 344;
template <>
inline constexpr uint64_t kFirstSize<propnp_pose_difference_args> = 344;
template <>
inline constexpr uint64_t kFirstSize<propnp_convert_step_args> = 352;

}  // namespace propnp::c_api

#endif  // PROPNP_C_API_FIRST_SIZES_H_
