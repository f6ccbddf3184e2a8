// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A caller's args and all structs that they point to, as copies in this library's sizes.
#ifndef PROPNP_C_API_ADOPTED_ARGS_H_
#define PROPNP_C_API_ADOPTED_ARGS_H_

#include "propnp/c_api/sized_struct.h"
#include "propnp/engine/evaluate.h"
#include "propnp/engine/implicit_gradient.h"
#include "propnp/engine/pose_plus.h"
#include "propnp/engine/sample_backward.h"
#include "propnp/engine/sample_expectation.h"
#include "propnp/engine/sample_posterior.h"
#include "propnp/engine/solve.h"

namespace propnp::c_api {

// `WithDefaults` is the engine's class of the args.
template <typename WithDefaults>
class AdoptedArgs {
 public:
  // Null pointers stay null: the engine says which of them it needs.
  template <typename Args>
  Status Adopt(const Args* given) {
    if (!given) return Status::InvalidArgument("args is null");
    PROPNP_RETURN_IF_ERROR(ReadSized("args", given, &args_));
    PROPNP_RETURN_IF_ERROR(Replace("correspondences", &args_.correspondences, &correspondences_));
    PROPNP_RETURN_IF_ERROR(Replace("cameras", &args_.cameras, &cameras_));
    PROPNP_RETURN_IF_ERROR(Replace("cost", &args_.cost, &cost_));
    if (args_.cost) PROPNP_RETURN_IF_ERROR(Replace("prior", &cost_.prior, &prior_));
    return AdoptOthers(static_cast<Args*>(&args_));
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

  Status AdoptOthers(propnp_evaluate_args*) { return Status(); }
  Status AdoptOthers(propnp_pose_plus_args*) { return Status(); }
  Status AdoptOthers(propnp_sample_expectation_args*) { return Status(); }
  Status AdoptOthers(propnp_solve_args* args) {
    return Replace("options", &args->options, &solve_options_);
  }
  Status AdoptOthers(propnp_sample_args* args) {
    PROPNP_RETURN_IF_ERROR(Replace("start_options", &args->start_options, &solve_options_));
    PROPNP_RETURN_IF_ERROR(Replace("options", &args->options, &sample_options_));
    return Replace("symmetries", &args->symmetries, &symmetries_);
  }
  template <typename Args>
  Status AdoptOthers(Args* args) {
    return Replace("gradients", &args->gradients, &gradients_);
  }

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
