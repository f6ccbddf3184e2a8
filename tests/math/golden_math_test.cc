// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Costs, Jacobians and the gradients of the Monte Carlo loss against the published implementation.
#include "tests/math/golden_objects.h"

namespace propnp::test {
namespace {

double Cost(const Object& object, const RigidTransform<double>& cam_from_object) {
  const auto model = MakeModel<double>(object);
  const RobustLoss<double> loss = MakeLoss(object);
  double cost = 0;
  for (size_t i = 0; i < object.num_points(); ++i) {
    const double *x3d = &object.x3d[3 * i], *x2d = &object.x2d[2 * i], *w2d = &object.w2d[2 * i];
    cost += point_cost(model, loss, cam_from_object * Vec3<double>{x3d[0], x3d[1], x3d[2]},
                       Vec2<double>{x2d[0], x2d[1]}, DiagonalWeight<double>{w2d[0], w2d[1]});
  }
  return cost;
}

TEST(Published, AdaptiveDelta) {
  ForEachObject([](auto, const json&, size_t, const Object& object) {
    EXPECT_NEAR(MakeLoss(object).delta, object.fixed_delta, 1e-10 * object.fixed_delta);
  });
}

template <template <typename> class Dof>
void CheckEvaluation(const json& evaluation, size_t index, const Object& object) {
  const std::vector<double> pose = Flatten(evaluation["pose"][index]);
  const RobustLoss<double> loss = MakeLoss(object);
  std::vector<double> residual, jacobian;
  RobustifiedRows<Dof>(object, loss, object.x3d, object.x2d, object.w2d, pose, &residual,
                       &jacobian);
  ExpectAllNear(residual, Flatten(evaluation["residual"][index]), 1e-10, "residual");
  ExpectAllNear(jacobian, Flatten(evaluation["jacobian"][index]), 1e-10, "jacobian");
  const double cost = evaluation["cost"][index];
  EXPECT_NEAR(Cost(object, Dof<double>().transform(pose.data())), cost, 1e-10 * (1 + cost));
}

TEST(Published, ResidualCostAndJacobian) {
  ForEachObject([](auto dof, const json& a_case, size_t index, const Object& object) {
    for (const json& evaluation : a_case["evaluate"]) {
      if constexpr (decltype(dof)::kTangent == 6) {
        CheckEvaluation<SixDof>(evaluation, index, object);
      } else {
        CheckEvaluation<FourDof>(evaluation, index, object);
      }
    }
  });
}

// The gradients of a weighted sum of costs; that of delta is pushed on to w2d.
struct Gradients {
  std::vector<double> x3d, x2d, w2d;
  double delta = 0;

  explicit Gradients(size_t num_points)
      : x3d(3 * num_points), x2d(2 * num_points), w2d(2 * num_points) {}
};

void AddCostGradients(const Object& object, const RigidTransform<double>& cam_from_object,
                      double cotangent, Gradients* sum) {
  const auto model = MakeModel<double>(object);
  const RobustLoss<double> loss = MakeLoss(object);
  for (size_t i = 0; i < object.num_points(); ++i) {
    const Vec3<double> point =
        cam_from_object *
        Vec3<double>{object.x3d[3 * i], object.x3d[3 * i + 1], object.x3d[3 * i + 2]};
    const Vec2<double> x2d{object.x2d[2 * i], object.x2d[2 * i + 1]};
    const DiagonalWeight<double> weight{object.w2d[2 * i], object.w2d[2 * i + 1]};
    Vec2<double> pull;
    PointGradients<double> g{};
    DiagonalWeight<double> weight_gradient{0, 0};
    point_cost_vjp(model, loss, point, x2d, weight, cotangent, &pull, &g);
    weight_vjp(pull, reprojection_error(model, point, x2d), &weight_gradient);
    const Vec3<double> x3d_gradient = transposed_times(cam_from_object.rotation, g.point_in_cam);
    sum->x3d[3 * i] += x3d_gradient.x;
    sum->x3d[3 * i + 1] += x3d_gradient.y;
    sum->x3d[3 * i + 2] += x3d_gradient.z;
    sum->x2d[2 * i] += g.x2d.x, sum->x2d[2 * i + 1] += g.x2d.y;
    sum->w2d[2 * i] += weight_gradient.x, sum->w2d[2 * i + 1] += weight_gradient.y;
    sum->delta += g.delta;
  }
}

void PushDeltaGradientToWeights(const Object& object, Gradients* gradients) {
  if (!object.relative_delta) return;
  const double cotangent =
      gradients->delta * MakeAdaptiveDelta(object).weight_gradient(*object.relative_delta);
  for (size_t i = 0; i < object.num_points(); ++i) {
    DiagonalWeight<double> gradient{0, 0};
    mean_weight_vjp(DiagonalWeight<double>{object.w2d[2 * i], object.w2d[2 * i + 1]}, cotangent,
                    &gradient);
    gradients->w2d[2 * i] += gradient.x, gradients->w2d[2 * i + 1] += gradient.y;
  }
}

// loss = cost_target + log sum_j exp(-cost_j - log_q_j), and its gradients at the fixed samples.
template <typename Dof>
void CheckMonteCarloLoss(const Dof& dof, const json& mc, size_t index, const Object& object) {
  const RigidTransform<double> target = dof.transform(Flatten(mc["pose_target"][index]).data());
  const double cost_target = Cost(object, target);
  EXPECT_NEAR(cost_target, mc["cost_target"][index], 1e-10 * (1 + cost_target));

  std::vector<RigidTransform<double>> samples;
  std::vector<double> log_weights, expected_log_weights;
  for (size_t j = 0; j < mc["pose_samples"].size(); ++j) {
    samples.push_back(dof.transform(Flatten(mc["pose_samples"][j][index]).data()));
    log_weights.push_back(-Cost(object, samples.back()) - mc["log_q"][j][index].get<double>());
    expected_log_weights.push_back(mc["log_weights"][j][index]);
  }
  ExpectAllNear(log_weights, expected_log_weights, 1e-10, "log weights");

  const double largest = *std::max_element(log_weights.begin(), log_weights.end());
  double sum = 0;
  for (const double log_weight : log_weights) sum += std::exp(log_weight - largest);
  const double log_evidence = largest + std::log(sum);
  const double loss = mc["loss"][index];
  EXPECT_NEAR(cost_target + log_evidence, loss, 1e-10 * (1 + cost_target));

  const double grad_loss = mc["grad_loss"][index];
  Gradients gradients(object.num_points());
  AddCostGradients(object, target, grad_loss, &gradients);
  for (size_t j = 0; j < samples.size(); ++j) {
    AddCostGradients(object, samples[j], -grad_loss * std::exp(log_weights[j] - log_evidence),
                     &gradients);
  }
  PushDeltaGradientToWeights(object, &gradients);
  ExpectAllNear(gradients.x3d, Flatten(mc["grad_x3d"][index]), 1e-9, "gradient to x3d");
  ExpectAllNear(gradients.x2d, Flatten(mc["grad_x2d"][index]), 1e-9, "gradient to x2d");
  ExpectAllNear(gradients.w2d, Flatten(mc["grad_w2d"][index]), 1e-9, "gradient to w2d");
}

TEST(Published, MonteCarloLossAndGradients) {
  ForEachObject([](auto dof, const json& a_case, size_t index, const Object& object) {
    CheckMonteCarloLoss(dof, a_case["mc_loss"], index, object);
  });
}

}  // namespace
}  // namespace propnp::test
