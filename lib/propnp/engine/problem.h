// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The caller's views, checked once and resolved: which points belong to which view, which views to
// which object, which camera to which view. After MakeProblem() nothing needs checking again.
#ifndef PROPNP_ENGINE_PROBLEM_H_
#define PROPNP_ENGINE_PROBLEM_H_

#include <cstdint>

#include "propnp/engine/args.h"
#include "propnp/engine/status.h"
#include "propnp/engine/tensor.h"

namespace propnp {

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

struct Problem {
  const propnp_correspondences* correspondences;
  const propnp_cameras* cameras;
  const propnp_cost_options* cost;
  bool dense;  // x3d (V, N, 3) rather than (P, 3)
  int64_t num_objects;
  int64_t num_views;
  int64_t num_cameras;
  int64_t max_padded_points;  // of an object, each view padded
  int64_t max_views;          // of an object
  int32_t dtype;              // of x3d

  int dof() const { return cost->dof; }
  // The type of the arithmetic when `requested` is asked for, 0 meaning that of x3d.
  int32_t Precision(int32_t requested) const { return requested ? requested : dtype; }
  int pose_size() const { return cost->dof == 6 ? 7 : 4; }

  Range ViewsOf(int64_t object) const;
  // Points of a view: rows of the packed layout, or 0 .. count of the dense one.
  Range PointsOf(int64_t view) const;
  int64_t CameraOf(int64_t view) const;
  // Row of camera_from_rig, or -1.
  int64_t RigOf(int64_t view) const;
  uint64_t ObjectId(int64_t object) const;

  // Strides of a per-point tensor and the element where a view's points begin.
  int64_t PointStride(const propnp_tensor& t) const { return t.stride[dense ? 1 : 0]; }
  int64_t ComponentStride(const propnp_tensor& t) const { return t.stride[dense ? 2 : 1]; }
  int64_t FirstElement(const propnp_tensor& t, int64_t view, const Range& points) const {
    return dense ? view * t.stride[0] : points.begin * t.stride[0];
  }
};

// Checks everything about shapes, types, indices and options; values of points are not read. The
// message names the field and what it should be.
Status MakeProblem(const propnp_correspondences* correspondences, const propnp_cameras* cameras,
                   const propnp_cost_options* cost, Problem* problem);

// Checks where and how precisely an operation is to run.
Status CheckExecution(int32_t device, int32_t precision);

// Checks that three numbers are a unit vector.
Status CheckYawAxis(const char* name, const double* axis);

// Checks a tensor that an operation takes: its shape, -1 for "any extent", and that it is of floats
// or, when `dtype` is not 0, of that type. A tensor that is not given passes if `optional`.
Status CheckTensor(const char* name, const propnp_tensor& tensor,
                   std::initializer_list<int64_t> shape, bool optional, int32_t dtype = 0);

// Checks a per-point tensor: (V, N, extra...) or (P, extra...) as x3d is.
Status CheckPointTensor(const Problem& problem, const char* name, const propnp_tensor& tensor,
                        std::initializer_list<int64_t> extra, bool optional);

}  // namespace propnp

#endif  // PROPNP_ENGINE_PROBLEM_H_
