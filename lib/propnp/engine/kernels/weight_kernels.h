// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops over the weights of samples. Columns have room for kSamplePadding numbers more.
#ifndef PROPNP_ENGINE_KERNELS_WEIGHT_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_WEIGHT_KERNELS_H_

#include "propnp/engine/kernels/proposal_kernels.h"

namespace propnp {

// Of weights before they are normalised, over the highest one.
struct WeightSums {
  double highest;  // log weight; -infinity if no sample has weight, then the others are zero
  double sum;
  double square_sum;  // of the normalised weights
};

struct WeightKernels {
  // log_weights[s] = -costs[s] - log_densities[s], -infinity where that is not finite, and their
  // normalised exponentials, zero behind `count`, or everywhere if no sample has weight.
  WeightSums (*weigh)(const double* costs, const double* log_densities, int64_t count,
                      double* log_weights, double* weights);
  // factors . weights. Here and in to_single() the weights are zero behind `count`.
  double (*product)(const double* factors, const double* weights, int64_t count);
  // result[s] = scale factors[s] weights[s].
  void (*multiply)(const double* factors, const double* weights, int64_t count, double scale,
                   double* result);
  // In single precision, zero where only a denormal could hold the number.
  void (*to_single)(const double* weights, int64_t count, float* result);
  // sum_s (factors[s] (weights[s] - fit[s]))^2.
  double (*squared_residual)(const double* factors, const double* weights, const double* fit,
                             int64_t count);
  // Sum of the weights of samples whose shift in the chart of the first mode takes a pivot at depth
  // `distance` beyond three times that distance from the camera, or below z_min.
  double (*improper_share)(const KernelSamples&, double distance, double z_min,
                           const double* weights, int64_t count);
};

const WeightKernels& GetWeightKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_WEIGHT_KERNELS_H_
