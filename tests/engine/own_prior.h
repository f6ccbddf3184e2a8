// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#ifndef PROPNP_TESTS_ENGINE_OWN_PRIOR_H_
#define PROPNP_TESTS_ENGINE_OWN_PRIOR_H_

#include <utility>
#include <vector>

#include "propnp/engine/sample_posterior.h"

namespace propnp::test {

// A prior that owns its numbers: one row that serves any number of objects.
struct OwnPrior {
  std::vector<double> first, second;
  Prior prior;

  static OwnPrior LogDepth(std::vector<double> mean, std::vector<double> sigma) {
    return OwnPrior(PROPNP_PRIOR_LOG_DEPTH, std::move(mean), std::move(sigma));
  }
  static OwnPrior DepthRange(std::vector<double> depth, std::vector<double> bound) {
    return OwnPrior(PROPNP_PRIOR_DEPTH_RANGE, std::move(depth), std::move(bound));
  }
  // Row-major covariance, 3 x 3 or dof x dof.
  static OwnPrior CorrelatedLogDepth(std::vector<double> mean, std::vector<double> covariance) {
    return OwnPrior(PROPNP_PRIOR_LOG_DEPTH, std::move(mean), std::move(covariance), 3);
  }
  static OwnPrior Pose(int dof, std::vector<double> mean, std::vector<double> covariance) {
    return OwnPrior(PROPNP_PRIOR_POSE, std::move(mean), std::move(covariance), dof);
  }
  // With `sigma` for translations and rotations, all correlated alike.
  static OwnPrior Pose(int dof, const double* mean, double translation, double rotation,
                       double correlation = 0) {
    std::vector<double> covariance;
    for (int i = 0; i < dof * dof; ++i) {
      const double a = i / dof < 3 ? translation : rotation,
                   b = i % dof < 3 ? translation : rotation;
      covariance.push_back(a * b * (i % (dof + 1) == 0 ? 1 : correlation));
    }
    return Pose(dof, std::vector<double>(mean, mean + (dof == 6 ? 7 : 4)), std::move(covariance));
  }

  const Prior* For(int64_t objects) {
    for (propnp_tensor* t :
         {&prior.mean, &prior.sigma, &prior.depth, &prior.bound, &prior.pose, &prior.covariance}) {
      if (IsGiven(*t)) t->shape[0] = objects, t->stride[0] = 0;
    }
    return &prior;
  }

 private:
  OwnPrior(int32_t kind, std::vector<double> a, std::vector<double> b, int dof = 0)
      : first(std::move(a)), second(std::move(b)) {
    prior.kind = kind;
    propnp_tensor* const tensors[3][2] = {{&prior.mean, dof ? &prior.covariance : &prior.sigma},
                                          {&prior.depth, &prior.bound},
                                          {&prior.pose, &prior.covariance}};
    *tensors[kind][0] = View(first.data(), {1, static_cast<int64_t>(first.size())});
    *tensors[kind][1] = dof ? View(second.data(), {1, dof, dof})
                            : View(second.data(), {1, static_cast<int64_t>(second.size())});
  }
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_ENGINE_OWN_PRIOR_H_
