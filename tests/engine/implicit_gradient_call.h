// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A call of the gradient of the minimum.
#ifndef PROPNP_TESTS_ENGINE_IMPLICIT_GRADIENT_CALL_H_
#define PROPNP_TESTS_ENGINE_IMPLICIT_GRADIENT_CALL_H_

#include <utility>
#include <vector>

#include "propnp/engine/implicit_gradient.h"
#include "tests/engine/gradient_operation.h"

namespace propnp::test {

struct ImplicitGradientCall {
  GradientInputs inputs;
  GradientOutputs out;
  ImplicitGradientArgs args;
  std::vector<double> pose_cotangent, tangent_cotangent;
  std::vector<int32_t> status;

  ImplicitGradientCall(const GradientBatch& b, std::vector<double> by_pose,
                       std::vector<double> by_tangent)
      : inputs(b),
        out(b),
        pose_cotangent(std::move(by_pose)),
        tangent_cotangent(std::move(by_tangent)),
        status(b.num_objects, -1) {
    inputs.Attach(&args);
    args.pose = ViewOrNone(b.pose, {b.num_objects, b.pose_size()});
    args.pose_cotangent = ViewOrNone(pose_cotangent, {b.num_objects, b.pose_size()});
    args.tangent_cotangent = ViewOrNone(tangent_cotangent, {b.num_objects, b.cost.dof});
    args.gradients = &out.gradients;
    args.status = ViewOrNone(status, {b.num_objects});
  }
  ImplicitGradientCall(const ImplicitGradientCall&) = delete;

  Status Run(Context& context) { return ImplicitGradient(context, args); }
  Status WorkspaceSize(const Context& context, uint64_t* bytes) const {
    return ImplicitGradientWorkspaceSize(context, args, bytes);
  }
  std::vector<double> PartOf(const GradientBatch& b, int64_t object) const {
    return propnp::test::PartOf(b, out, object);
  }
  std::vector<NamedTensor> Tensors() {
    std::vector<NamedTensor> all = TensorsOf(&out.gradients);
    all.push_back({"pose", &args.pose});
    all.push_back({"pose_cotangent", &args.pose_cotangent});
    all.push_back({"tangent_cotangent", &args.tangent_cotangent});
    all.push_back({"status", &args.status});
    return all;
  }
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_IMPLICIT_GRADIENT_CALL_H_
