// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Costs of many poses near a base pose, and the gradient of a weighted sum of them, for one object.
// The residuals at the base are computed in double precision and the loops over samples and points
// work with displacements from it in T: nothing of a sharp posterior is lost to single precision.
#ifndef PROPNP_ENGINE_POSTERIOR_SAMPLES_H_
#define PROPNP_ENGINE_POSTERIOR_SAMPLES_H_

#include "propnp/engine/kernels/sample_kernels.h"
#include "propnp/engine/object_cost.h"

namespace propnp {

// A gradient with respect to an object's points, one column a coordinate, the object's views one
// after the other, each padded.
struct ObjectGradient {
  double *x, *y, *z, *u, *v, *wxx, *wyy, *wxy, *wyx;
  double delta;

  static ObjectGradient Allocate(const Problem& problem, Arena* arena);
  void Clear(const PackedObject<double>& object);
};

// What a view's points may move without leaving the depths that the fast loops take.
template <typename T>
struct PointReach {
  T to_nearest, to_farthest;
  T radius;  // their largest distance from the pivot
};

// Which of some records a gradient is over: records[index[k]] for k < count, the first `in_front`
// of which are so.
struct ChosenRecords {
  const int32_t* index;
  int64_t count, in_front;
};

// No place for the roots of some records.
constexpr int64_t kNoPlace = -1;

// An object seen from a base pose.
template <typename T>
class BaseObject {
 public:
  static BaseObject Allocate(const Problem& problem, int64_t num_samples, Arena* arena);
  // Lets the costs keep what the gradient then need not compute again (PairRoots).
  void AllocateRoots(const Problem& problem, int64_t num_samples, Arena* arena);

  // Computes points, residuals and weights at the base pose. Displacements are a rotation about
  // the pivot (object frame) and a shift of it.
  template <int kDof>
  void Set(const ObjectCost<kDof, double>& cost, const double* base_pose,
           const Vec3<double>& pivot);

  // Whether the displacement of a record certainly leaves every point in front of its camera, and
  // not so far that single precision would overflow. The loops run faster over records that do.
  bool InFront(const T* record) const;
  // Whether those of all records within the bounds do.
  bool InFront(const RecordBounds& bounds) const;

  // costs[j] = cost over all points at the j-th record, the first `in_front` of which are so. Their
  // roots are kept in the places from `place` on, of as many as there are samples.
  void Costs(const T* records, int64_t count, int64_t in_front, int64_t place, double* costs);

  // scores[kScore j]: derivatives of the j-th record's cost, see ScoreKernels.
  void Scores(const T* records, int64_t count, int64_t in_front, double* scores) const;

  // Adds sum_j weight_j d cost_j / d inputs over the chosen records, the weights standing in them.
  // Their roots are where Costs() put them when it was last called for these records.
  void AddGradient(const T* records, const ChosenRecords& chosen, int64_t place,
                   ObjectGradient* gradient);

 private:
  // So many samples that their records and partial costs stay in a cache of the first level while
  // one register of points after the other passes over them.
  static constexpr int64_t kCostBlock = 256;

  void BlockCosts(const T* records, int64_t count, int64_t in_front, int64_t place, double* costs);

  // Of the view whose points come after `first_point` others.
  PairRoots<T> RootsOf(int64_t first_point, int64_t place) const;

  // loop(block, index of its first record).
  template <typename Loop>
  void ForEachBlock(const T* records, int64_t count, int64_t in_front, const Loop& loop) const;

  const PackedObject<double>* object_;
  double base_rotation_[9];
  bool about_y_;  // all displacements turn so
  KernelModel<T> model_;
  PackedView<T>* views_;
  BaseView<T>* base_views_;
  PointReach<T>* reach_;  // of each view
  T* columns_;            // kBaseColumns + 4 weights, of the object's padded points
  T* gradient_columns_;   // kMaxColumns
  T* partial_costs_;
  T* roots_;                         // PairRoots of one view after the other, where there is room
  int64_t num_roots_, num_samples_;  // room, and S
  int64_t num_points_;               // of the object, padded
};

// A record (kernels/sample_kernels.h) of the pose whose pivot is moved by `shift` and whose
// rotation differs by the Cayley tangent `theta` from the base.
template <typename T>
void FillRecord(const Vec3<double>& shift, const Vec3<double>& theta, double weight, T* record);

}  // namespace propnp

#endif  // PROPNP_ENGINE_POSTERIOR_SAMPLES_H_
