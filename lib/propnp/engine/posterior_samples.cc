// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/posterior_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/math/pinhole_residual.h"

namespace propnp {
namespace {

constexpr int kWeightColumns = 4;

// Roots of more pairs take longer to fetch than to compute: a megabyte, half of what a core has
// close by.
constexpr int64_t kMostRoots = (1 << 20) / sizeof(float);

template <typename T>
const T* CopyWeight(const double* from, int64_t count, T** memory) {
  if (!from) return nullptr;
  T* column = *memory;
  *memory += count;
  std::copy(from, from + count, column);
  return column;
}

// In the precision of the loops, whose depths are rounded likewise.
template <typename T>
PointReach<T> ReachOf(const PackedView<T>& view, const BaseReach& base) {
  return {static_cast<T>(base.least_z) - std::max(view.z_min, static_cast<T>(kNearestPinhole)),
          static_cast<T>(kFarthestPinhole) - static_cast<T>(base.most_z),
          static_cast<T>(std::sqrt(base.squared_distance))};
}

}  // namespace

ObjectGradient ObjectGradient::Allocate(const Problem& problem, Arena* arena) {
  ObjectGradient g = {};
  for (double** column : {&g.x, &g.y, &g.z, &g.u, &g.v, &g.wxx, &g.wyy, &g.wxy, &g.wyx}) {
    *column = arena->Take<double>(problem.max_padded_points);
  }
  return g;
}

void ObjectGradient::Clear(const PackedObject<double>& object) {
  int64_t padded = 0;
  for (int64_t v = 0; v < object.num_views; ++v) padded += object.views[v].padded_points;
  for (double* column : {x, y, z, u, v, wxx, wyy, wxy, wyx}) {
    std::fill(column, column + padded, 0.0);
  }
  delta = 0;
}

template <typename T>
BaseObject<T> BaseObject<T>::Allocate(const Problem& problem, int64_t num_samples, Arena* arena) {
  BaseObject base = {};
  base.views_ = arena->Take<PackedView<T>>(problem.max_views);
  base.base_views_ = arena->Take<BaseView<T>>(problem.max_views);
  base.reach_ = arena->Take<PointReach<T>>(problem.max_views);
  base.columns_ = arena->Take<T>((kBaseColumns + kWeightColumns) * problem.max_padded_points);
  base.gradient_columns_ = arena->Take<T>(kMaxColumns * problem.max_padded_points);
  base.partial_costs_ = arena->Take<T>(std::min(num_samples, kCostBlock) * kPointPadding);
  return base;
}

template <typename T>
void BaseObject<T>::AllocateRoots(const Problem& problem, int64_t num_samples, Arena* arena) {
  if (!std::is_same_v<T, float>) return;  // no loop of others has them
  num_samples_ = num_samples;
  num_roots_ = std::min(kMostRoots, problem.max_padded_points * num_samples);
  roots_ = arena->Take<T>(num_roots_);
}

template <typename T>
template <int kDof>
void BaseObject<T>::Set(const ObjectCost<kDof, double>& cost, const double* base_pose,
                        const Vec3<double>& pivot) {
  object_ = &cost.object();
  const KernelPose<double> rig_from_object = cost.ToKernel(base_pose);
  std::copy(rig_from_object.rotation, rig_from_object.rotation + 9, base_rotation_);
  const double pivot_in_object[3] = {pivot.x, pivot.y, pivot.z};
  const Vec3<double>& axis = object_->four_dof.axis;
  about_y_ = kDof == 4 && axis.x == 0 && axis.z == 0;
  model_ = {static_cast<int32_t>(object_->loss.kind), static_cast<int32_t>(Curvature::kIrls), 0, 0,
            static_cast<T>(object_->loss.delta)};
  T* memory = columns_;
  num_points_ = 0;
  for (int64_t v = 0; v < object_->num_views; ++v) {
    const PackedView<double>& view = object_->views[v];
    const int64_t padded = view.padded_points;
    num_points_ += padded;
    PackedView<T>& copy = views_[v];
    copy = CastWithoutColumns<T>(view);
    copy.wxx = CopyWeight(view.wxx, padded, &memory);
    copy.wyy = CopyWeight(view.wyy, padded, &memory);
    copy.wxy = CopyWeight(view.wxy, padded, &memory);
    copy.wyx = CopyWeight(view.wyx, padded, &memory);
    T* columns[kBaseColumns];
    for (T*& column : columns) {
      column = memory;
      memory += padded;
    }
    const BaseReach reach =
        GetBaseKernels<T>().fill(view, rig_from_object, pivot_in_object, columns);
    base_views_[v] = {&copy,      columns[0], columns[1], columns[2], columns[3], columns[4],
                      columns[5], columns[6], columns[7], columns[8], columns[9]};
    reach_[v] = ReachOf(copy, reach);
  }
}

template <typename T>
bool BaseObject<T>::InFront(const T* record) const {
  const double x = record[6], y = record[7], z = record[8], shift = record[11];
  return InFront(RecordBounds{x * x + y * y + z * z, shift, shift});
}

template <typename T>
bool BaseObject<T>::InFront(const RecordBounds& bounds) const {
  for (int64_t v = 0; v < object_->num_views; ++v) {
    if (views_[v].has_rig) return false;
    const double radius = reach_[v].radius;
    // A hundredth covers rounding.
    const double turned = bounds.most_turn * 1.0201 * radius * radius;
    for (const double margin : {reach_[v].to_nearest * 0.99 + bounds.least_z,
                                reach_[v].to_farthest * 0.99 - bounds.most_z}) {
      if (!(margin > 0 && margin * margin > turned)) return false;
    }
  }
  return true;
}

template <typename T>
PairRoots<T> BaseObject<T>::RootsOf(int64_t first_point, int64_t place) const {
  const bool fit = roots_ && num_points_ * num_samples_ <= num_roots_;
  if (place == kNoPlace || !fit) return {};
  return {roots_ + first_point * num_samples_, num_samples_, place};
}

template <typename T>
template <typename Loop>
void BaseObject<T>::ForEachBlock(const T* records, int64_t count, int64_t in_front,
                                 const Loop& loop) const {
  if (in_front > 0) loop(SampleBlock<T>{in_front, records, true, about_y_, {}}, int64_t{0});
  if (in_front == count) return;
  loop(SampleBlock<T>{count - in_front, records + in_front * kSampleRecord, false, about_y_, {}},
       in_front);
}

template <typename T>
void BaseObject<T>::Costs(const T* records, int64_t count, int64_t in_front, int64_t place,
                          double* costs) {
  for (int64_t begin = 0; begin < count; begin += kCostBlock) {
    const int64_t size = std::min(kCostBlock, count - begin);
    BlockCosts(records + begin * kSampleRecord, size,
               std::min(std::max<int64_t>(in_front - begin, 0), size),
               place == kNoPlace ? kNoPlace : place + begin, costs + begin);
  }
}

template <typename T>
void BaseObject<T>::BlockCosts(const T* records, int64_t count, int64_t in_front, int64_t place,
                               double* costs) {
  std::fill(partial_costs_, partial_costs_ + count * kPointPadding, T(0));
  int64_t first_point = 0;
  for (int64_t v = 0; v < object_->num_views; ++v) {
    ForEachBlock(records, count, in_front, [&](SampleBlock<T> block, int64_t first) {
      if (block.in_front) block.roots = RootsOf(first_point, place);
      GetSampleKernels<T>().add_costs(base_views_[v], model_, block,
                                      partial_costs_ + first * kPointPadding);
    });
    first_point += views_[v].padded_points;
  }
  GetSampleKernels<T>().sum_costs(partial_costs_, count, costs);
}

template <typename T>
void BaseObject<T>::Scores(const T* records, int64_t count, int64_t in_front,
                           double* scores) const {
  std::fill(scores, scores + count * kScore, 0.0);
  for (int64_t v = 0; v < object_->num_views; ++v) {
    ForEachBlock(records, count, in_front, [&](const SampleBlock<T>& block, int64_t first) {
      GetScoreKernels<T>().add_scores(base_views_[v], model_, block, scores + first * kScore);
    });
  }
}

template <typename T>
void BaseObject<T>::AddGradient(const T* records, const ChosenRecords& chosen, int64_t place,
                                ObjectGradient* gradient) {
  if (chosen.count == 0) return;
  int64_t first_point = 0;
  for (int64_t v = 0; v < object_->num_views; ++v) {
    const int64_t padded = views_[v].padded_points;
    const bool information = views_[v].wxy != nullptr;
    T* columns[kMaxColumns] = {};
    const int used = information ? kMaxColumns : kMaxColumns - 2;
    std::fill(gradient_columns_, gradient_columns_ + used * padded, T(0));
    for (int k = 0; k < used; ++k) columns[k] = gradient_columns_ + k * padded;
    PointGradientColumns<T> sums{columns[0], columns[1], columns[2], columns[3], columns[4],
                                 columns[5], columns[6], columns[7], columns[8], T(0)};
    const auto add = [&](int64_t begin, int64_t end, bool in_front) {
      if (begin == end) return;
      WeightedBlock<T> block{{end - begin, records, in_front, about_y_, {}}, chosen.index + begin};
      if (in_front) block.roots = RootsOf(first_point, place);
      GetSampleKernels<T>().add_gradients(base_views_[v], model_, block, &sums);
    };
    add(0, chosen.in_front, true);
    add(chosen.in_front, chosen.count, false);
    gradient->delta += static_cast<double>(sums.delta);
    ObjectGradient& g = *gradient;
    const int64_t i = first_point;
    GetBaseKernels<T>().carry_back(
        sums, base_rotation_, views_[v].num_points,
        {g.x + i, g.y + i, g.z + i, g.u + i, g.v + i, g.wxx + i, g.wyy + i, g.wxy + i, g.wyx + i});
    first_point += padded;
  }
}

template <typename T>
void FillRecord(const Vec3<double>& shift, const Vec3<double>& theta, double weight, T* record) {
  const Mat3<double> m = rotation_minus_identity_from_cayley(theta);
  const double values[kSampleRecord] = {m.row0.x, m.row0.y, m.row0.z, m.row1.x, m.row1.y,
                                        m.row1.z, m.row2.x, m.row2.y, m.row2.z, shift.x,
                                        shift.y,  shift.z,  weight};
  for (int k = 0; k < kSampleRecord; ++k) record[k] = static_cast<T>(values[k]);
  SetRecordDiagonal(record);
}

template class BaseObject<float>;
template class BaseObject<double>;
template void BaseObject<float>::Set(const ObjectCost<6, double>&, const double*,
                                     const Vec3<double>&);
template void BaseObject<float>::Set(const ObjectCost<4, double>&, const double*,
                                     const Vec3<double>&);
template void BaseObject<double>::Set(const ObjectCost<6, double>&, const double*,
                                      const Vec3<double>&);
template void BaseObject<double>::Set(const ObjectCost<4, double>&, const double*,
                                      const Vec3<double>&);
template void FillRecord(const Vec3<double>&, const Vec3<double>&, double, float*);
template void FillRecord(const Vec3<double>&, const Vec3<double>&, double, double*);

}  // namespace propnp
