// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops that bring columns of an object's points to the caller's tensors.
#ifndef PROPNP_ENGINE_KERNELS_OUTPUT_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_OUTPUT_KERNELS_H_

#include <cstdint>

namespace propnp {

struct OutputKernels {
  // Whether none of `values` is NaN or larger than `largest`.
  bool (*all_within)(const double* values, int64_t count, double largest);
  // rows[2 i + k] = columns[k][i].
  void (*store_pairs)(const double* const* columns, int64_t count, float* rows);
  // rows[3 i + k] = columns[k][i].
  void (*store_triples)(const double* const* columns, int64_t count, float* rows);
};

const OutputKernels& GetOutputKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_OUTPUT_KERNELS_H_
