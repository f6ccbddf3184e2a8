// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// How far importance weights can be trusted, and their repair (A. Vehtari, D. Simpson, A. Gelman,
// Y. Yao, J. Gabry, "Pareto smoothed importance sampling", JMLR 2024).
//
// The M = ceil(min(S / 5, 3 sqrt(S))) largest of S weights, less the largest one below them, are
// taken for draws of a generalised Pareto distribution
//
//   P(exceedance > x) = (1 + k x / sigma)^(-1/k)
//
// of which only moments below 1/k exist. k-hat is the estimate of J. Zhang and M. Stephens ("A new
// and efficient estimation method for the generalized Pareto distribution", Technometrics 2009),
// drawn to 1/2 by the weight of ten weights (Vehtari et al., appendix C). Above .7 an estimate is
// not to be relied on at any practical number of samples.
//
// Smoothing replaces the largest weights, in order, by the quantiles of the fit at (j - 1/2) / M,
// none above the largest: less variance for a little bias.
#ifndef PROPNP_ENGINE_PARETO_SMOOTHING_H_
#define PROPNP_ENGINE_PARETO_SMOOTHING_H_

#include <cstdint>

namespace propnp {

// Fewer samples have a tail too short to fit.
constexpr int64_t kLeastParetoSamples = 25;

// M; 0 below kLeastParetoSamples.
int64_t ParetoTailCount(int64_t num_samples);

// k-hat of the weights exp(log_weights[i]), whatever their common factor. Never NaN:
//   +infinity  fewer than 25 samples, no finite weight, or a weight of +infinity
//   0          the largest weights agree to 1e-6: there is no tail
// A log weight of -infinity or NaN is a weight of zero. `scratch` holds num_samples numbers.
double ParetoKhat(const double* log_weights, int64_t num_samples, double* scratch);

// Smooths the weights in place and returns k-hat. Where that is infinite or 0 by the rule above
// they stay as they are; a weight of zero always does. `order` holds num_samples numbers, too.
double ParetoSmooth(double* log_weights, int64_t num_samples, double* scratch, int64_t* order);

}  // namespace propnp

#endif  // PROPNP_ENGINE_PARETO_SMOOTHING_H_
