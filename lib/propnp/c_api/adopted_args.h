// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A caller's args and all structs that they point to, as copies in this library's sizes.
#ifndef PROPNP_C_API_ADOPTED_ARGS_H_
#define PROPNP_C_API_ADOPTED_ARGS_H_

#include "propnp/c_api/sized_struct.h"
#include "propnp/engine/draw.h"
#include "propnp/engine/evaluate.h"
#include "propnp/engine/implicit_gradient.h"
#include "propnp/engine/pose_plus.h"
#include "propnp/engine/sample_backward.h"
#include "propnp/engine/sample_expectation.h"
#include "propnp/engine/sample_posterior.h"
#include "propnp/engine/solve.h"
#include "propnp/engine/tangent_conversions.h"

namespace propnp::c_api {

// `WithDefaults` is the engine's class of the args.
template <typename WithDefaults>
class AdoptedArgs {
 public:
  // Null pointers stay null: the engine says which of them it needs.
  template <typename Args>
  Status Adopt(const Args* given) {
    PROPNP_RETURN_IF_ERROR(ReadSized("args", given, &args_));
    return AdoptPointers(static_cast<Args*>(&args_));
  }

  const WithDefaults& args() const { return args_; }

 private:
  // Makes *pointer point to a copy of what it points to.
  template <typename Struct, typename Copy>
  static Status Replace(const char* name, const Struct** pointer, Copy* copy) {
    if (!*pointer) return Status();
    PROPNP_RETURN_IF_ERROR(ReadSized(name, *pointer, copy));
    *pointer = copy;
    return Status();
  }

  template <typename Args>
  Status AdoptProblem(Args* args) {
    PROPNP_RETURN_IF_ERROR(Replace("correspondences", &args->correspondences, &correspondences_));
    PROPNP_RETURN_IF_ERROR(Replace("cameras", &args->cameras, &cameras_));
    PROPNP_RETURN_IF_ERROR(Replace("cost", &args->cost, &cost_));
    return args->cost ? Replace("prior", &cost_.prior, &prior_) : Status();
  }
  template <typename Args>
  Status AdoptBackward(Args* args) {
    PROPNP_RETURN_IF_ERROR(AdoptProblem(args));
    return Replace("gradients", &args->gradients, &gradients_);
  }

  Status AdoptPointers(propnp_evaluate_args* args) { return AdoptProblem(args); }
  Status AdoptPointers(propnp_pose_plus_args* args) { return AdoptProblem(args); }
  Status AdoptPointers(propnp_sample_expectation_args* args) { return AdoptProblem(args); }
  Status AdoptPointers(propnp_solve_args* args) {
    PROPNP_RETURN_IF_ERROR(AdoptProblem(args));
    return Replace("options", &args->options, &solve_options_);
  }
  Status AdoptPointers(propnp_sample_args* args) {
    PROPNP_RETURN_IF_ERROR(AdoptProblem(args));
    PROPNP_RETURN_IF_ERROR(Replace("start_options", &args->start_options, &solve_options_));
    PROPNP_RETURN_IF_ERROR(Replace("options", &args->options, &sample_options_));
    return Replace("symmetries", &args->symmetries, &symmetries_);
  }
  Status AdoptPointers(propnp_implicit_gradient_args* args) { return AdoptBackward(args); }
  Status AdoptPointers(propnp_sample_backward_args* args) { return AdoptBackward(args); }
  Status AdoptPointers(propnp_pose_plus_backward_args* args) { return AdoptBackward(args); }
  // Args without pointers to other structs.
  Status AdoptPointers(propnp_draw_args*) { return Status(); }
  Status AdoptPointers(propnp_convert_covariance_args*) { return Status(); }
  Status AdoptPointers(propnp_move_pose_args*) { return Status(); }
  Status AdoptPointers(propnp_pose_difference_args*) { return Status(); }
  Status AdoptPointers(propnp_convert_step_args*) { return Status(); }

  WithDefaults args_;
  Correspondences correspondences_;
  Cameras cameras_;
  CostOptions cost_;
  Prior prior_;
  SolveOptions solve_options_;
  SampleOptions sample_options_;
  Symmetries symmetries_;
  Gradients gradients_;
};

}  // namespace propnp::c_api

#endif  // PROPNP_C_API_ADOPTED_ARGS_H_
