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
  PROPNP_HOST_DEVICE int64_t size() const { return end - begin; }
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
  bool readable;              // what the tensors hold, because they are not on a device

  PROPNP_HOST_DEVICE int dof() const { return cost->dof; }
  // The type of the arithmetic when `requested` is asked for, 0 meaning that of x3d.
  int32_t Precision(int32_t requested) const { return requested ? requested : dtype; }
  PROPNP_HOST_DEVICE int pose_size() const { return cost->dof == 6 ? 7 : 4; }

  PROPNP_HOST_DEVICE Range ViewsOf(int64_t object) const {
    const propnp_tensor& offsets = correspondences->view_offsets;
    if (!IsGiven(offsets)) return {object, object + 1};
    return {LoadAt<int64_t>(offsets, object), LoadAt<int64_t>(offsets, object + 1)};
  }
  // Points of a view: rows of the packed layout, or 0 .. count of the dense one.
  PROPNP_HOST_DEVICE Range PointsOf(int64_t view) const {
    const propnp_correspondences& c = *correspondences;
    if (!dense) return {LoadAt<int64_t>(c.offsets, view), LoadAt<int64_t>(c.offsets, view + 1)};
    return {0, IsGiven(c.counts) ? LoadAt<int64_t>(c.counts, view) : c.x3d.shape[1]};
  }
  PROPNP_HOST_DEVICE int64_t CameraOf(int64_t view) const {
    const propnp_tensor& cameras_of_views = correspondences->view_camera;
    if (IsGiven(cameras_of_views)) return LoadAt<int64_t>(cameras_of_views, view);
    return num_cameras == 1 ? 0 : view;
  }
  // Row of camera_from_rig, or -1.
  PROPNP_HOST_DEVICE int64_t RigOf(int64_t view) const {
    const propnp_tensor& rigs = correspondences->view_rig;
    return IsGiven(rigs) ? LoadAt<int64_t>(rigs, view) : -1;
  }
  PROPNP_HOST_DEVICE uint64_t ObjectId(int64_t object) const {
    const propnp_correspondences& c = *correspondences;
    return IsGiven(c.object_ids) ? LoadAt<uint64_t>(c.object_ids, object)
                                 : c.id_offset + static_cast<uint64_t>(object);
  }

  // Strides of a per-point tensor and the element where a view's points begin.
  PROPNP_HOST_DEVICE int64_t PointStride(const propnp_tensor& t) const {
    return t.stride[dense ? 1 : 0];
  }
  PROPNP_HOST_DEVICE int64_t ComponentStride(const propnp_tensor& t) const {
    return t.stride[dense ? 2 : 1];
  }
  PROPNP_HOST_DEVICE int64_t FirstElement(const propnp_tensor& t, int64_t view,
                                          const Range& points) const {
    return dense ? view * t.stride[0] : points.begin * t.stride[0];
  }
};

// Checks everything about shapes, types, indices and options; values of points are not read. The
// message names the field and what it should be. Of tensors that lie on a `device` (0 or more)
// nothing is read at all: indices go unchecked, and max_padded_points and max_views stay 0.
Status MakeProblem(const propnp_correspondences* correspondences, const propnp_cameras* cameras,
                   const propnp_cost_options* cost, Problem* problem, int32_t device = -1);

// Checks how precisely an operation is to run, and that the place is the CPU or the ordinal of a
// device, which may not be there.
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
