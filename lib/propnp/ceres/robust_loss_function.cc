// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/robust_loss_function.h"

#include <cmath>

#include "propnp/math/adaptive_delta.h"

namespace propnp {

bool ValidateLoss(const RobustLoss<double>& loss, std::string* error) {
  const auto fail = [error](const std::string& message) {
    if (error != nullptr) *error = message;
    return false;
  };
  switch (loss.kind) {
    case LossKind::kNone:
      return true;
    case LossKind::kHuber:
    case LossKind::kCauchy:
      break;
    default:
      return fail("loss.kind is none of the known values");
  }
  if (!(loss.delta > 0) || !std::isfinite(loss.delta)) {
    return fail("loss.delta is " + std::to_string(loss.delta) + ", not positive and finite");
  }
  return true;
}

std::unique_ptr<RobustLossFunction> RobustLossFunction::Create(const RobustLoss<double>& loss,
                                                               std::string* error) {
  if (!ValidateLoss(loss, error)) return nullptr;
  return std::unique_ptr<RobustLossFunction>(new RobustLossFunction(loss));
}

void RobustLossFunction::Evaluate(double squared_norm, double* rho) const {
  const LossValue<double> value = loss_.evaluate(squared_norm);
  rho[0] = 2 * value.rho;
  rho[1] = value.weight;
  switch (loss_.kind) {
    case LossKind::kHuber:
      rho[2] = value.weight < 1 ? -0.5 * value.weight / squared_norm : 0;
      break;
    case LossKind::kCauchy:
      rho[2] = -value.weight * value.weight / (loss_.delta * loss_.delta);
      break;
    default:
      rho[2] = 0;
  }
}

double AdaptiveHuberDelta(const double* x2d, const double* w2d, int num_points,
                          double relative_delta) {
  if (num_points < 1) return 0;
  AdaptiveDelta<double> delta({x2d[0], x2d[1]});
  for (int i = 0; i < num_points; ++i) {
    const DiagonalWeight<double> weight = w2d != nullptr
                                              ? DiagonalWeight<double>{w2d[2 * i], w2d[2 * i + 1]}
                                              : DiagonalWeight<double>{1, 1};
    delta.add({x2d[2 * i], x2d[2 * i + 1]}, weight);
  }
  return delta.value(relative_delta);
}

double AdaptiveHuberDeltaFromInformation(const double* x2d, const double* sqrt_info, int num_points,
                                         double relative_delta) {
  if (num_points < 1) return 0;
  AdaptiveDelta<double> delta({x2d[0], x2d[1]});
  for (int i = 0; i < num_points; ++i) {
    const double* w = sqrt_info + 4 * i;
    delta.add({x2d[2 * i], x2d[2 * i + 1]}, SqrtInformation<double>{w[0], w[1], w[2], w[3]});
  }
  return delta.value(relative_delta);
}

}  // namespace propnp
