// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What solving one object gives, on any backend.
#ifndef PROPNP_ENGINE_SOLVE_RESULT_H_
#define PROPNP_ENGINE_SOLVE_RESULT_H_

#include <cmath>

#include "propnp/engine/args.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/tensor.h"
#include "propnp/math/levenberg_marquardt.h"
#include "propnp/math/pose_uncertainty.h"

namespace propnp {

template <int kDof, typename T>
struct SolveResult {
  T pose[7];
  RefineOutcome outcome;
  PoseUncertainty<kDof, T> uncertainty;
  uint32_t status;

  // Nothing but the status stays.
  PROPNP_HOST_DEVICE void Fail() {
    const uint32_t failed = status | PROPNP_STATUS_NON_FINITE_INPUT;
    *this = {};
    status = failed;
    SetNeutralPose<kDof>(pose);
  }

  PROPNP_HOST_DEVICE bool AllFinite() const {
    T trouble = (uncertainty.variance_factor + uncertainty.behind_fraction) * T(0);
    for (const T p : pose) trouble += p * T(0);
    for (const T c : uncertainty.covariance) trouble += c * T(0);
    for (const T n : uncertainty.null_space) trouble += n * T(0);
    return trouble == T(0) && std::isfinite(outcome.cost_after) && !std::isnan(outcome.cost_before);
  }
};

// Args has the outputs of propnp_solve_args.
template <typename Args, int kDof, typename T>
PROPNP_HOST_DEVICE void StoreResult(const Args& to, int64_t i, const SolveResult<kDof, T>& result) {
  const PoseUncertainty<kDof, T>& u = result.uncertainty;
  StoreRow(to.pose, i, result.pose, kDof == 6 ? 7 : 4);
  StoreAt(to.cost_before, i, result.outcome.cost_before);
  StoreAt(to.cost_after, i, result.outcome.cost_after);
  StoreMatrix(to.covariance, i, u.covariance, kDof);
  StoreMatrix(to.null_space, i, u.null_space, kDof);
  StoreAt(to.variance_factor, i, u.variance_factor);
  StoreAt(to.behind_fraction, i, u.behind_fraction);
  StoreAt(to.rank, i, u.rank);
  StoreAt(to.iterations, i, result.outcome.iterations);
  StoreAt(to.status, i, static_cast<int32_t>(result.status));
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_SOLVE_RESULT_H_
