// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Samples lie in the lanes.
#include "propnp/engine/kernels/weight_kernels.h"

#include <cfloat>
#include <cmath>

#include "propnp/engine/kernels/lanes.h"

PROPNP_MATH_BEGIN

namespace {

using D = Lanes<double>;

double fill_log_weights(const double* costs, const double* log_densities, int64_t count,
                        double* log_weights) {
  const D nothing(-HUGE_VAL);
  D highest = nothing;
  for (int64_t s = 0; s < count; s += D::kSize) {
    const D value = -D::load_unaligned(costs + s) - D::load_unaligned(log_densities + s);
    const LaneMask<double> used =
        first_lanes<double>(count - s) & LaneMask<double>{hn::Eq((value - value).v, D(0.0).v)};
    const D log_weight = select(used, value, nothing);
    log_weight.store_unaligned(log_weights + s);
    highest = max(highest, log_weight);
  }
  return hn::GetLane(hn::MaxOfLanes(D::Tag(), highest.v));
}

void fill_zeros(double* column, int64_t count) {
  for (int64_t s = 0; s < count; s += D::kSize) D(0.0).store_unaligned(column + s);
}

WeightSums weigh(const double* costs, const double* log_densities, int64_t count,
                 double* log_weights, double* weights) {
  const double highest = fill_log_weights(costs, log_densities, count, log_weights);
  fill_zeros(weights + count, kSamplePadding);
  if (!(highest > -HUGE_VAL)) {
    fill_zeros(weights, count);
    return {highest, 0, 0};
  }
  // What lies lower is nothing, squared even less.
  const D shift(highest), least(-700.0), zero(0.0);
  D sum(0.0), square_sum(0.0);
  for (int64_t s = 0; s < count; s += D::kSize) {
    const D log_weight = D::load_unaligned(log_weights + s) - shift;
    const D weight = select(log_weight < least, zero, exp(max(log_weight, least)));
    weight.store_unaligned(weights + s);
    sum = sum + weight;
    square_sum = multiply_add(weight, weight, square_sum);
  }
  const double total = sum.sum();
  const D scale(1 / total);
  for (int64_t s = 0; s < count; s += D::kSize) {
    (scale * D::load_unaligned(weights + s)).store_unaligned(weights + s);
  }
  return {highest, total, square_sum.sum() / (total * total)};
}

double product(const double* factors, const double* weights, int64_t count) {
  D sum(0.0);
  for (int64_t s = 0; s < count; s += D::kSize) {
    sum = multiply_add(D::load_unaligned(factors + s), D::load_unaligned(weights + s), sum);
  }
  return sum.sum();
}

void multiply(const double* factors, const double* weights, int64_t count, double scale,
              double* result) {
  const D scale_of_all(scale);
  for (int64_t s = 0; s < count; s += D::kSize) {
    (scale_of_all * D::load_unaligned(factors + s) * D::load_unaligned(weights + s))
        .store_unaligned(result + s);
  }
}

void to_single(const double* weights, int64_t count, float* result) {
  using F = Lanes<float>;
  const F zero(0.0f), least(FLT_MIN);
  for (int64_t s = 0; s < count; s += F::kSize) {
    F weight;
    load_column(weights + s, &weight);
    select(weight < least, zero, weight).store_unaligned(result + s);
  }
}

double squared_residual(const double* factors, const double* weights, const double* fit,
                        int64_t count) {
  D sum(0.0);
  for (int64_t s = 0; s < count; s += D::kSize) {
    const D difference = D::load_unaligned(weights + s) - D::load_unaligned(fit + s);
    const D residual =
        select(first_lanes<double>(count - s), D::load_unaligned(factors + s) * difference, D(0.0));
    sum = multiply_add(residual, residual, sum);
  }
  return sum.sum();
}

double improper_share(const KernelSamples& samples, double distance, double z_min,
                      const double* weights, int64_t count) {
  const D depth(distance), nearest(z_min), farthest(9 * distance * distance), zero(0.0);
  D share(0.0);
  for (int64_t s = 0; s < count; s += D::kSize) {
    const D x = D::load_unaligned(samples.xi + s),
            y = D::load_unaligned(samples.xi + samples.stride + s),
            z = depth + D::load_unaligned(samples.xi + 2 * samples.stride + s);
    const LaneMask<double> improper =
        first_lanes<double>(count - s) & ((farthest < x * x + y * y + z * z) | (z < nearest));
    share = share + select(improper, D::load_unaligned(weights + s), zero);
  }
  return share.sum();
}

}  // namespace

extern const WeightKernels kWeightKernels;
const WeightKernels kWeightKernels = {weigh,     product,          multiply,
                                      to_single, squared_residual, improper_share};

PROPNP_MATH_END
