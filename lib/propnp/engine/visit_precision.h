// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// From the problem's degrees of freedom and precision to template arguments.
#ifndef PROPNP_ENGINE_VISIT_PRECISION_H_
#define PROPNP_ENGINE_VISIT_PRECISION_H_

#include <type_traits>

#include "propnp/engine/problem.h"

namespace propnp {

// visitor(DofConstant<6 or 4>(), T()) for the problem's degrees of freedom and the arithmetic asked
// for.
template <int kDof>
using DofConstant = std::integral_constant<int, kDof>;

template <typename Visitor>
auto VisitDof(const Problem& problem, const Visitor& visitor) {
  return problem.dof() == 6 ? visitor(DofConstant<6>()) : visitor(DofConstant<4>());
}

template <typename Visitor>
auto VisitDofAndPrecision(const Problem& problem, int32_t precision, const Visitor& visitor) {
  const bool single = problem.Precision(precision) == PROPNP_FLOAT32;
  if (problem.dof() == 6) {
    return single ? visitor(DofConstant<6>(), float()) : visitor(DofConstant<6>(), double());
  }
  return single ? visitor(DofConstant<4>(), float()) : visitor(DofConstant<4>(), double());
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_VISIT_PRECISION_H_
