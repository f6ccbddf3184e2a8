// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops over samples and points: costs of many poses near one base pose, the gradient of a
// weighted sum of those costs, and each pose's own gradient. All work with displacements from the
// base pose, whose residuals are known in double precision, so that single precision loses nothing
// of a sharp posterior.
#ifndef PROPNP_ENGINE_KERNELS_SAMPLE_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_SAMPLE_KERNELS_H_

#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/engine/kernels/proposal_kernels.h"

namespace propnp {

// One view's points at a base pose, one column a coordinate, padded as PackedView is.
template <typename T>
struct BaseView {
  const PackedView<T>* view;                   // weights, camera, box; x y z u v are not read
  const T *rotated_x, *rotated_y, *rotated_z;  // R (point_in_object - pivot), rig frame
  const T *cam_x, *cam_y, *cam_z;              // point_in_cam
  const T *error_u, *error_v;                  // proj - x2d before the box, px
  const T *pixel_u, *pixel_v;                  // proj before the box, px; only read with a box
};

constexpr int kBaseColumns = 10;  // of a BaseView, in its order

// Poses relative to the base: point = base point + (rotation - I) rotated + translation. A record
// of kSampleRecord numbers each: rotation - I (row-major), translation, weight of the gradient, the
// diagonal of the rotation.
constexpr int kSampleRecord = 16;
constexpr int kRecordWeight = 12;
constexpr int kRecordDiagonal = 13;

template <typename T>
void SetRecordDiagonal(T* record) {
  for (int k = 0; k < 3; ++k) record[kRecordDiagonal + k] = T(1) + record[4 * k];
}

// Of some records: the largest |row 2 of rotation - I|^2 and the shifts along z, infinite if one is
// not a number.
struct RecordBounds {
  double most_turn, least_z, most_z;
};

template <typename T>
struct RecordKernels {
  // Fills records[begin .. end) of samples in the chart of a mode, which is the base; their weight
  // is zero. Aligned to kColumnAlignment.
  RecordBounds (*fill)(int dof, const KernelChart&, int mode, int64_t begin, int64_t end,
                       const KernelSamples&, T* records);
};

template <typename T>
const RecordKernels<T>& GetRecordKernels();

// What the costs of samples and points leave behind for the gradient, where there is memory for it:
// the root in which most of the work is that both do. Only loops that take one have it.
template <typename T>
struct PairRoots {
  T* first;             // null, or those of a view: (registers of points, S, points of a register)
  int64_t num_samples;  // S
  int64_t place;        // of the block's first record among them

  // Of a register of points and the first record; those of the next record follow.
  T* of_points(int64_t first_point, int per_register) const {
    return first + first_point * num_samples + place * per_register;
  }
};

// `in_front` promises that no sample takes a point behind z_min: the loops then do without the
// comparisons. `about_y` promises rotations about the rig's y axis: their other entries are those
// of the identity.
template <typename T>
struct SampleBlock {
  int64_t count;
  const T* records;  // aligned to kColumnAlignment
  bool in_front;
  bool about_y;
  PairRoots<T> roots;
};

// The same for a gradient, which is over records[chosen[k]] for k < count.
template <typename T>
struct WeightedBlock : SampleBlock<T> {
  const int32_t* chosen;
};

// Gradient columns, added to; padded like the points. wxy and wyx only with a square-root
// information, else null.
template <typename T>
struct PointGradientColumns {
  T *x, *y, *z;  // with respect to point_in_object after R of the base pose: R grad_x3d
  T *u, *v;
  T *wxx, *wyy, *wxy, *wyx;
  T delta;  // a sum over points
};

// The same carried back to the object's frame, in double precision.
struct GradientColumns {
  double *x, *y, *z, *u, *v, *wxx, *wyy, *wxy, *wyx;
};

// How near and far the points of a view are at a base pose.
struct BaseReach {
  double least_z, most_z;   // in the camera frame
  double squared_distance;  // the largest from the pivot
};

template <typename T>
struct BaseKernels {
  // Fills in kBaseColumns columns of a view at a base pose; `pivot` in the object's frame.
  BaseReach (*fill)(const PackedView<double>&, const KernelPose<double>& rig_from_object,
                    const double* pivot, T* const* columns);
  // Adds those of the first `count` points to `to`, which is padded likewise.
  void (*carry_back)(const PointGradientColumns<T>& from, const double* base_rotation,
                     int64_t count, const GradientColumns& to);
};

template <typename T>
const BaseKernels<T>& GetBaseKernels();

template <typename T>
struct SampleKernels {
  // Adds every sample's cost over the view's points to partial_costs, kPointPadding partial sums a
  // sample of which any number may be used. Fills in the roots.
  void (*add_costs)(const BaseView<T>&, const KernelModel<T>&, const SampleBlock<T>&,
                    T* partial_costs);
  // costs[s] = the sum of a sample's partial costs, in double precision.
  void (*sum_costs)(const T* partial_costs, int64_t count, double* costs);
  // Adds sum over samples of weight d cost / d inputs. Roots are those that add_costs filled in.
  void (*add_gradients)(const BaseView<T>&, const KernelModel<T>&, const WeightedBlock<T>&,
                        PointGradientColumns<T>*);
};

template <typename T>
const SampleKernels<T>& GetSampleKernels();

// The derivative of a sample's cost by moving the pivot, then by turning the object about it, rig
// frame.
constexpr int kScore = 6;

template <typename T>
struct ScoreKernels {
  // Adds every sample's score over the view's points to `scores`, kScore numbers a sample.
  void (*add_scores)(const BaseView<T>&, const KernelModel<T>&, const SampleBlock<T>&,
                     double* scores);
};

template <typename T>
const ScoreKernels<T>& GetScoreKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_SAMPLE_KERNELS_H_
