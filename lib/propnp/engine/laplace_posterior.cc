// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/laplace_posterior.h"

#include "propnp/engine/posterior_summary.h"
#include "propnp/math/quantile.h"
#include "propnp/math/sobol.h"

namespace propnp {
template <int kDof>
void DrawFromGaussians(const PosteriorMode<kDof>* modes, int num_modes, const double* probability,
                       uint64_t seed, uint64_t object_id, int64_t num_samples, double* pose,
                       int32_t* component) {
  DrawSystematically(probability, num_modes, 0.5, num_samples, component);
  const SobolScramble scramble = sobol_scramble(seed, object_id);
  for (int64_t s = 0; s < num_samples; ++s) {
    const PosteriorMode<kDof>& mode = modes[component[s]];
    double xi[kDof];
    for (int i = 0; i < kDof; ++i) {
      const uint32_t word = scrambled_sobol_word(static_cast<uint32_t>(s), i, scramble);
      xi[i] = normal_quantile(symmetric_uniform<double>(word));
    }
    mode.sqrt_shape.multiply_lower(xi, xi);
    mode.chart.linear_from_depth(xi, xi);
    mode.chart.pose_from(xi, pose + 7 * s);
  }
}

template void DrawFromGaussians(const PosteriorMode<6>*, int, const double*, uint64_t, uint64_t,
                                int64_t, double*, int32_t*);
template void DrawFromGaussians(const PosteriorMode<4>*, int, const double*, uint64_t, uint64_t,
                                int64_t, double*, int32_t*);

}  // namespace propnp
