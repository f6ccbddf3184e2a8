// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The posterior's mass at each of its modes by Laplace's approximation, engine/laplace_posterior.h.
#ifndef PROPNP_MATH_LAPLACE_EVIDENCE_H_
#define PROPNP_MATH_LAPLACE_EVIDENCE_H_

#include "propnp/math/posterior_mode.h"

PROPNP_MATH_BEGIN

// log Z_m; the chart's factor takes its determinant to the tangent's.
template <int kDof>
PROPNP_HOST_DEVICE double laplace_log_mass(const PosteriorMode<kDof>& mode) {
  constexpr double kHalfLogTwoPi = 0.918938533204672742;
  constexpr double kOrigin[kDof] = {};
  return -mode.cost + kDof * kHalfLogTwoPi + mode.log_det_sqrt - log(mode.chart.factor(kOrigin));
}

// Fills the probabilities of the modes and returns log Z. Only minima count, unless there is none:
// then the best mode stands alone.
template <int kDof>
PROPNP_HOST_DEVICE double laplace_evidence(const PosteriorMode<kDof>* modes, int num_modes,
                                           double* probability) {
  bool any = false;
  for (int m = 0; m < num_modes; ++m) any = any || modes[m].converged;
  const auto counts = [&](int m) { return any ? modes[m].converged : m == 0; };
  double highest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int m = 0; m < num_modes; ++m) {
    if (counts(m)) highest = max(highest, laplace_log_mass(modes[m]));
  }
  for (int m = 0; m < num_modes; ++m) {
    sum += probability[m] = counts(m) ? exp(laplace_log_mass(modes[m]) - highest) : 0;
  }
  for (int m = 0; m < num_modes; ++m) probability[m] /= sum;
  return highest + log(sum);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_LAPLACE_EVIDENCE_H_
