// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/laplace_posterior.h"

#include <algorithm>
#include <cmath>

#include "propnp/engine/posterior_summary.h"
#include "propnp/math/quantile.h"
#include "propnp/math/sobol.h"

namespace propnp {
namespace {

// log Z_m; the chart's factor takes its determinant to the tangent's.
template <int kDof>
double LogMass(const PosteriorMode<kDof>& mode) {
  constexpr double kHalfLogTwoPi = 0.918938533204672742;
  constexpr double kOrigin[kDof] = {};
  return -mode.cost + kDof * kHalfLogTwoPi + mode.log_det_sqrt -
         std::log(mode.chart.factor(kOrigin));
}

}  // namespace

template <int kDof>
double LaplaceEvidence(const PosteriorMode<kDof>* modes, int num_modes, double* probability) {
  const bool any = std::any_of(modes, modes + num_modes,
                               [](const PosteriorMode<kDof>& mode) { return mode.converged; });
  const auto counts = [&](int m) { return any ? modes[m].converged : m == 0; };
  double highest = -HUGE_VAL, sum = 0;
  for (int m = 0; m < num_modes; ++m) {
    if (counts(m)) highest = std::max(highest, LogMass(modes[m]));
  }
  for (int m = 0; m < num_modes; ++m) {
    sum += probability[m] = counts(m) ? std::exp(LogMass(modes[m]) - highest) : 0;
  }
  for (int m = 0; m < num_modes; ++m) probability[m] /= sum;
  return highest + std::log(sum);
}

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

template double LaplaceEvidence(const PosteriorMode<6>*, int, double*);
template double LaplaceEvidence(const PosteriorMode<4>*, int, double*);
template void DrawFromGaussians(const PosteriorMode<6>*, int, const double*, uint64_t, uint64_t,
                                int64_t, double*, int32_t*);
template void DrawFromGaussians(const PosteriorMode<4>*, int, const double*, uint64_t, uint64_t,
                                int64_t, double*, int32_t*);

}  // namespace propnp
