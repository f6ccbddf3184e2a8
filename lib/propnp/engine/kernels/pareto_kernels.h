// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops of pareto_smoothing.h: over all weights to find the largest, and over a grid of
// parameters to fit a generalised Pareto distribution to them.
#ifndef PROPNP_ENGINE_KERNELS_PARETO_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_PARETO_KERNELS_H_

#include <cstdint>

namespace propnp {

// Of P(exceedance > x) = (1 + k x / sigma)^(-1/k).
struct ParetoFit {
  double k, sigma;
};

// From a log weight to its exceedance of the threshold over the largest one.
struct ExceedanceScale {
  double largest;    // log weight
  double threshold;  // of the weights over the largest weight
  double scale;      // the largest exceedance, likewise
  double least;      // no exceedance is smaller
};

struct ParetoKernels {
  // Copies the `count` largest of n > count values to `out`, which has room for all of them, and
  // returns the largest of the others. What is not a number counts as -infinity.
  double (*take_largest)(const double* values, int64_t n, int64_t count, double* out);
  // Turns log weights into exceedances in (0, 1].
  void (*exceedances)(const ExceedanceScale&, int64_t count, double* values);
  // Zhang and Stephens' estimate from exceedances, the largest of which is 1.
  ParetoFit (*fit)(const double* exceedances, int64_t count);
};

const ParetoKernels& GetParetoKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_PARETO_KERNELS_H_
