// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// One object's points gathered from the caller's tensors into columns that the kernels read, with
// everything about it that does not depend on the pose.
#ifndef PROPNP_ENGINE_PACKED_OBJECT_H_
#define PROPNP_ENGINE_PACKED_OBJECT_H_

#include "propnp/engine/arena.h"
#include "propnp/engine/kernels/view_kernels.h"
#include "propnp/engine/object_inputs.h"
#include "propnp/engine/problem.h"
#include "propnp/math/adaptive_delta.h"
#include "propnp/math/pose.h"
#include "propnp/math/prior.h"
#include "propnp/math/robust_loss.h"

namespace propnp {

// The whole table, once a call.
template <typename T>
void PrepareCameras(const Problem& problem, PreparedCamera<T>* cameras);

// The most columns a point has: x y z u v and four entries of the square-root information.
constexpr int kMaxColumns = 9;

template <typename T>
struct PackedObject {
  PackedView<T>* views;  // room for Problem::max_views
  T* columns;            // room for kMaxColumns * Problem::max_padded_points

  int64_t index;
  int64_t num_views;
  int64_t num_points;       // all
  int64_t weighted_points;  // with a weight that is not zero
  RobustLoss<T> loss;       // adaptive Huber resolved to its delta
  PriorDensity<T> prior;
  FourDof<T> four_dof;  // axis and base rotation; read with four degrees of freedom
  T z_min;
  uint32_t status;        // PROPNP_STATUS_NON_FINITE_INPUT and _TOO_FEW_POINTS
  PointTotals<T> totals;  // as gathered

  // Takes the room that any object of the problem needs.
  static PackedObject Allocate(const Problem& problem, Arena* arena);

  // Gathers object `index`. A value that is not finite or a negative weight sets the status, and
  // the object must not be used further; nor must one without points. Too few points only set it.
  void Gather(const Problem& problem, const PreparedCamera<T>* cameras, int64_t index);
};

// A view in another precision, without its columns.
template <typename To>
PackedView<To> CastWithoutColumns(const PackedView<double>& view);

// The object in single precision without its prior. `copy` has room for it.
void CopyWithoutPrior(const PackedObject<double>& object, PackedObject<float>* copy);

// The means that an adaptive delta is made of; the object has been gathered and has points.
template <typename T>
AdaptiveDelta<T> AdaptiveDeltaOf(const PackedObject<T>& object);

}  // namespace propnp

#endif  // PROPNP_ENGINE_PACKED_OBJECT_H_
