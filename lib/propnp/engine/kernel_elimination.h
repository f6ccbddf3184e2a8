// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The inner loop of PivotedCholesky (math/least_squares.h) in vector lanes.
#ifndef PROPNP_ENGINE_KERNEL_ELIMINATION_H_
#define PROPNP_ENGINE_KERNEL_ELIMINATION_H_

#include "propnp/engine/kernels/proposal_kernels.h"

namespace propnp {

struct KernelElimination {
  static void run(double* rows, int stride, int j, int n) {
    GetProposalKernels().eliminate(rows, stride, j, n);
  }
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNEL_ELIMINATION_H_
