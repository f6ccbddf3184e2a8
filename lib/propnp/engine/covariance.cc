// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/covariance.h"

namespace propnp {

template <int kDof, typename T>
void ComputeUncertainty(const ObjectCost<kDof, T>& cost, const propnp_solve_options& options,
                        const T* pose, PoseUncertainty<kDof, T>* result) {
  compute_uncertainty(cost, cost.object().weighted_points,
                      static_cast<CovarianceKind>(options.covariance),
                      options.scale_covariance != 0, pose, result);
}

template void ComputeUncertainty(const ObjectCost<6, float>&, const propnp_solve_options&,
                                 const float*, PoseUncertainty<6, float>*);
template void ComputeUncertainty(const ObjectCost<6, double>&, const propnp_solve_options&,
                                 const double*, PoseUncertainty<6, double>*);
template void ComputeUncertainty(const ObjectCost<4, float>&, const propnp_solve_options&,
                                 const float*, PoseUncertainty<4, float>*);
template void ComputeUncertainty(const ObjectCost<4, double>&, const propnp_solve_options&,
                                 const double*, PoseUncertainty<4, double>*);

}  // namespace propnp
