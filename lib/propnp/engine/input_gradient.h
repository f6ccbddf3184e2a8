// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of one object with respect to its inputs: gathering it, carrying it through the
// adaptive delta to the weights, and writing it to the caller's tensors.
#ifndef PROPNP_ENGINE_INPUT_GRADIENT_H_
#define PROPNP_ENGINE_INPUT_GRADIENT_H_

#include "propnp/engine/gradient_args.h"
#include "propnp/engine/kernels/derivative_kernels.h"
#include "propnp/engine/posterior_samples.h"
#include "propnp/engine/prior_gradient.h"

namespace propnp {

struct Gradients : propnp_gradients {
  Gradients() : propnp_gradients{} { struct_size = sizeof(propnp_gradients); }
};

// Carries the gradient of an adaptive delta on to the weights, unless `hold_delta`, and returns
// that of the relative delta. Called once, when the gradient is otherwise complete.
double PassThroughAdaptiveDelta(const Problem& problem, const PackedObject<double>& object,
                                bool hold_delta, ObjectGradient* gradient);

struct InputGradient {
  ObjectGradient points;
  double* camera;  // (views, kMaxKernelParameters)
  double relative_delta;
  PriorGradient<double> prior;

  static InputGradient Allocate(const Problem& problem, Arena* arena);
  void Clear(const PackedObject<double>& object);

  void PassThroughAdaptiveDelta(const Problem& problem, const PackedObject<double>& object,
                                bool hold_delta) {
    relative_delta = propnp::PassThroughAdaptiveDelta(problem, object, hold_delta, &points);
  }

  // Whether the caller's tensors can hold every number.
  bool Fits(const PackedObject<double>& object, const propnp_gradients& gradients) const;
};

// One worker's memory in operations that give a gradient.
struct GradientScratch {
  PackedObject<double> object;
  InputGradient gradient;

  static GradientScratch Allocate(const Problem& problem, Arena* arena) {
    return {PackedObject<double>::Allocate(problem, arena),
            InputGradient::Allocate(problem, arena)};
  }
};

// Refuses gradients of a wrong shape or of an input that is not there.
Status CheckGradients(const Problem& problem, const propnp_gradients* gradients);

// Sets to zero the rows of packed points that no view has. Once a call.
void ClearUnusedRows(const Problem& problem, const propnp_gradients& gradients);

// Writes object `index`, or zeros if `gradient` is null.
void StoreGradients(const Problem& problem, const propnp_gradients& gradients, int64_t index,
                    const InputGradient* gradient);

}  // namespace propnp

#endif  // PROPNP_ENGINE_INPUT_GRADIENT_H_
