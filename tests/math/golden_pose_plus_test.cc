// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// pose_plus, one Gauss-Newton step from a pose that is held fixed, against the published
// implementation: the value, and its derivative to every input by automatic differentiation through
// the project's own Jacobian rows, Cholesky factor and retraction.
//
//   H = J^T J + eps I,  g = J^T r,  pose_plus = pose (+) -H^-1 g
//
// eps is added in the published tangent, whose rotations are half angles with the opposite sign;
// with D = diag(1, 1, 1, 2, 2, 2) (4DoF: all ones) their Jacobian is J D up to that sign.
#include <ceres/jet.h>

#include "propnp/math/cholesky.h"
#include "tests/math/golden_objects.h"

namespace propnp::test {
namespace {

using Dual = ceres::Jet<double, 1>;

// The inputs that pose_plus is differentiated with respect to.
template <typename S>
struct Inputs {
  std::vector<S> x3d, x2d, w2d;
};

Inputs<Dual> MakeInputs(const Object& object) {
  return {{object.x3d.begin(), object.x3d.end()},
          {object.x2d.begin(), object.x2d.end()},
          {object.w2d.begin(), object.w2d.end()}};
}

// The adaptive delta with its derivative to the weights and, as published, none to x2d.
RobustLoss<Dual> MakeDualLoss(const Object& object, const Inputs<Dual>& inputs) {
  if (!object.relative_delta) return {LossKind::kHuber, Dual(object.fixed_delta)};
  AdaptiveDelta<Dual> adaptive({Dual(object.x2d[0]), Dual(object.x2d[1])});
  for (size_t i = 0; i < object.num_points(); ++i) {
    adaptive.add({Dual(object.x2d[2 * i]), Dual(object.x2d[2 * i + 1])},
                 DiagonalWeight<Dual>{inputs.w2d[2 * i], inputs.w2d[2 * i + 1]});
  }
  return {LossKind::kHuber, adaptive.value(Dual(*object.relative_delta))};
}

template <template <typename> class Dof>
std::vector<Dual> PosePlus(const Object& object, const Inputs<Dual>& inputs,
                           const std::vector<double>& pose, double eps) {
  constexpr int kTangent = Dof<Dual>::kTangent;
  const std::vector<Dual> fixed_pose(pose.begin(), pose.end());
  std::vector<Dual> residual, jacobian;
  RobustifiedRows<Dof>(object, MakeDualLoss(object, inputs), inputs.x3d, inputs.x2d, inputs.w2d,
                       fixed_pose, &residual, &jacobian);
  const auto their_scale = [&](int i) { return kTangent == 6 && i >= 3 ? 2.0 : 1.0; };
  Dual h[kTangent * kTangent], gradient[kTangent], step[kTangent];
  for (int i = 0; i < kTangent; ++i) {
    gradient[i] = Dual(0);
    for (size_t row = 0; row < residual.size(); ++row) {
      gradient[i] += jacobian[row * kTangent + i] * their_scale(i) * residual[row];
    }
    for (int j = 0; j < kTangent; ++j) {
      Dual sum(i == j ? eps : 0);
      for (size_t row = 0; row < residual.size(); ++row) {
        sum += jacobian[row * kTangent + i] * jacobian[row * kTangent + j] *
               (their_scale(i) * their_scale(j));
      }
      h[i * kTangent + j] = sum;
    }
  }
  Cholesky<kTangent, Dual> cholesky;
  EXPECT_TRUE(cholesky.factorize(h));
  cholesky.solve(gradient, step);
  for (int i = 0; i < kTangent; ++i) step[i] *= -their_scale(i);
  std::vector<Dual> result(pose.size());
  Dof<Dual>().retract(fixed_pose.data(), step, result.data());
  return result;
}

// d (cotangent . pose_plus) / d each entry of `values`, a part of `inputs`.
template <template <typename> class Dof>
std::vector<double> Gradient(const Object& object, Inputs<Dual>* inputs, std::vector<Dual>* values,
                             const json& golden, size_t index) {
  const std::vector<double> pose = Flatten(golden["pose"][index]);
  const std::vector<double> cotangent = Flatten(golden["cotangent"][index]);
  std::vector<double> gradient;
  for (Dual& value : *values) {
    value.v[0] = 1;
    const std::vector<Dual> result = PosePlus<Dof>(object, *inputs, pose, golden["eps"]);
    value.v[0] = 0;
    double sum = 0;
    for (size_t i = 0; i < result.size(); ++i) sum += cotangent[i] * result[i].v[0];
    gradient.push_back(sum);
  }
  return gradient;
}

template <template <typename> class Dof>
void CheckPosePlus(const json& golden, size_t index, const Object& object) {
  Inputs<Dual> inputs = MakeInputs(object);
  std::vector<double> pose_plus;
  for (const Dual& value :
       PosePlus<Dof>(object, inputs, Flatten(golden["pose"][index]), golden["eps"])) {
    pose_plus.push_back(value.a);
  }
  ExpectAllNear(pose_plus, Flatten(golden["pose_plus"][index]), 1e-10, "pose_plus");
  ExpectAllNear(Gradient<Dof>(object, &inputs, &inputs.x3d, golden, index),
                Flatten(golden["grad_x3d"][index]), 1e-8, "gradient to x3d");
  ExpectAllNear(Gradient<Dof>(object, &inputs, &inputs.x2d, golden, index),
                Flatten(golden["grad_x2d"][index]), 1e-8, "gradient to x2d");
  ExpectAllNear(Gradient<Dof>(object, &inputs, &inputs.w2d, golden, index),
                Flatten(golden["grad_w2d"][index]), 1e-8, "gradient to w2d");
}

TEST(Published, PosePlusAndItsGradients) {
  ForEachObject([](auto dof, const json& a_case, size_t index, const Object& object) {
    if constexpr (decltype(dof)::kTangent == 6) {
      CheckPosePlus<SixDof>(a_case["pose_plus"], index, object);
    } else {
      CheckPosePlus<FourDof>(a_case["pose_plus"], index, object);
    }
  });
}

}  // namespace
}  // namespace propnp::test
