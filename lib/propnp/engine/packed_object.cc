// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/packed_object.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <type_traits>

#include "propnp/engine/object_prior.h"
#include "propnp/math/adaptive_delta.h"
#include "propnp/math/camera.h"

namespace propnp {
namespace {

template <typename T>
class ViewGatherer {
 public:
  ViewGatherer(const Problem& problem, int64_t view, PackedView<T>* out)
      : problem_(problem), view_(view), points_(problem.PointsOf(view)), out_(*out) {
    out_.num_points = points_.size();
    out_.padded_points = PaddedCount(points_.size());
  }

  // Columns are taken from `memory`, which is advanced. False if a value is not finite.
  bool GatherPoints(T** memory) {
    const propnp_correspondences& c = *problem_.correspondences;
    bool finite = true;
    // Padding stands at the object's origin and weighs nothing.
    const T** const point[3] = {&out_.x, &out_.y, &out_.z};
    const T** const pixel[2] = {&out_.u, &out_.v};
    finite &= Gather(c.x3d, 0, problem_.ComponentStride(c.x3d), 3, point, memory);
    finite &= Gather(c.x2d, 0, problem_.ComponentStride(c.x2d), 2, pixel, memory);
    out_.wxy = out_.wyx = nullptr;
    if (IsGiven(c.sqrt_info)) {
      const int64_t* const stride = c.sqrt_info.stride + (problem_.dense ? 2 : 1);
      const T** const upper[2] = {&out_.wxx, &out_.wxy};
      const T** const lower[2] = {&out_.wyx, &out_.wyy};
      finite &= Gather(c.sqrt_info, 0, stride[1], 2, upper, memory);
      finite &= Gather(c.sqrt_info, stride[0], stride[1], 2, lower, memory);
    } else if (IsGiven(c.w2d)) {
      const T** const weight[2] = {&out_.wxx, &out_.wyy};
      finite &= Gather(c.w2d, 0, problem_.ComponentStride(c.w2d), 2, weight, memory);
    } else {
      out_.wxx = out_.wyy = Ones(memory);
    }
    return finite;
  }

  // False if the camera's place on the rig is not finite.
  bool GatherRig() {
    const int64_t rig = problem_.RigOf(view_);
    out_.has_rig = rig >= 0;
    if (rig < 0) return true;
    RigidTransform<T> camera_from_rig;
    if (!LoadRig(problem_, rig, &camera_from_rig)) return false;
    const Mat3<T>& r = camera_from_rig.rotation;
    const Vec3<T>& t = camera_from_rig.translation;
    const T rotation[9] = {r.row0.x, r.row0.y, r.row0.z, r.row1.x, r.row1.y,
                           r.row1.z, r.row2.x, r.row2.y, r.row2.z};
    std::copy(rotation, rotation + 9, out_.camera_from_rig_rotation);
    out_.camera_from_rig_translation[0] = t.x, out_.camera_from_rig_translation[1] = t.y;
    out_.camera_from_rig_translation[2] = t.z;
    return true;
  }

  void SetCamera(const PreparedCamera<T>& camera) {
    out_.camera_model = camera.model;
    out_.has_box = camera.has_box;
    std::copy(camera.parameters, camera.parameters + 12, out_.camera_parameters);
    out_.camera_limit = camera.limit;
    std::copy(camera.box, camera.box + 4, out_.box);
  }

 private:
  T* Take(T** memory) const {
    T* column = *memory;
    *memory += out_.padded_points;
    return column;
  }

  // Some numbers of each point, from number `first` on, as columns.
  bool Gather(const propnp_tensor& tensor, int64_t first, int64_t number_stride, int num_numbers,
              const T** const* out, T** memory) const {
    T* columns[3];
    for (int k = 0; k < num_numbers; ++k) *out[k] = columns[k] = Take(memory);
    first += problem_.FirstElement(tensor, view_, points_);
    const auto rows_of = [&](const auto* data) -> StridedPoints<std::decay_t<decltype(*data)>> {
      return {data + first, out_.num_points, problem_.PointStride(tensor), num_numbers,
              number_stride};
    };
    const ViewKernels<T>& kernels = GetViewKernels<T>();
    return tensor.dtype == PROPNP_FLOAT32
               ? kernels.copy_floats(rows_of(static_cast<const float*>(tensor.data)), columns)
               : kernels.copy_doubles(rows_of(static_cast<const double*>(tensor.data)), columns);
  }

  const T* Ones(T** memory) const {
    T* column = Take(memory);
    std::fill(column, column + out_.num_points, T(1));
    std::fill(column + out_.num_points, column + out_.padded_points, T(0));
    return column;
  }

  const Problem& problem_;
  const int64_t view_;
  const Range points_;
  PackedView<T>& out_;
};

template <typename T>
PointTotals<T> TotalsOf(const PackedObject<T>& object) {
  PointTotals<T> totals = {};
  bool empty = true;
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& view = object.views[v];
    if (view.num_points == 0) continue;
    if (empty) {
      totals.pixel[0] = view.u[0], totals.pixel[1] = view.v[0];
      totals.point[0] = view.x[0], totals.point[1] = view.y[0], totals.point[2] = view.z[0];
    }
    empty = false;
    GetViewKernels<T>().add_totals(view, &totals);
  }
  return totals;
}

// Root mean square distance of the points from their centroid.
template <typename T>
T RmsRadius(const PackedObject<T>& object) {
  const T count = static_cast<T>(object.num_points);
  const T* s = object.totals.point_sum;
  const Vec3<T> sum{s[0], s[1], s[2]};
  return std::sqrt(
      std::max(object.totals.point_squares / count - dot(sum, sum) / (count * count), T(0)));
}

// The loss with its scale. False if the scale is not a positive number.
template <typename T>
bool SetLoss(const Problem& problem, PackedObject<T>* object) {
  const propnp_cost_options& cost = *problem.cost;
  const bool adaptive = cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER;
  object->loss.kind = adaptive ? LossKind::kHuber : static_cast<LossKind>(cost.loss);
  object->loss.delta = T(1);
  if (cost.loss == PROPNP_LOSS_NONE) return true;
  const double scale = LossScale(problem, object->index);
  if (!(scale > 0) || !std::isfinite(scale)) return false;
  const T delta =
      adaptive ? AdaptiveDeltaOf(*object).value(static_cast<T>(scale)) : static_cast<T>(scale);
  // All points on one pixel, or no weight at all: nothing is robust about that, nor divided by it.
  object->loss.delta = std::max(delta, std::sqrt(std::numeric_limits<T>::min()));
  return std::isfinite(delta);
}

}  // namespace

template <typename T>
AdaptiveDelta<T> AdaptiveDeltaOf(const PackedObject<T>& object) {
  const PointTotals<T>& totals = object.totals;
  return {{totals.pixel_sum[0], totals.pixel_sum[1]},
          totals.pixel_squares,
          totals.weight_sum,
          static_cast<T>(object.num_points)};
}

template <typename T>
void PrepareCameras(const Problem& problem, PreparedCamera<T>* cameras) {
  for (int64_t i = 0; i < problem.num_cameras; ++i) PrepareCamera(problem, i, &cameras[i]);
}

template <typename T>
PackedObject<T> PackedObject<T>::Allocate(const Problem& problem, Arena* arena) {
  PackedObject object = {};
  object.views = arena->Take<PackedView<T>>(problem.max_views);
  object.columns = arena->Take<T>(kMaxColumns * problem.max_padded_points);
  return object;
}

template <typename T>
void PackedObject<T>::Gather(const Problem& problem, const PreparedCamera<T>* cameras,
                             int64_t object_index) {
  index = object_index;
  status = 0;
  num_points = 0;
  const Range range = problem.ViewsOf(object_index);
  num_views = range.size();
  T* memory = columns;
  bool finite = LoadFourDof(problem, object_index, &four_dof);
  finite &= LoadPrior(problem, object_index, &prior);
  for (int64_t k = 0; k < num_views; ++k) {
    PackedView<T>& view = views[k];
    ViewGatherer<T> gatherer(problem, range.begin + k, &view);
    finite &= gatherer.GatherPoints(&memory);
    finite &= gatherer.GatherRig();
    gatherer.SetCamera(cameras[problem.CameraOf(range.begin + k)]);
    num_points += view.num_points;
  }
  totals = TotalsOf(*this);
  weighted_points = totals.weighted_points;
  if (!finite || totals.negative) status |= PROPNP_STATUS_NON_FINITE_INPUT;
  if (weighted_points < 3) status |= PROPNP_STATUS_TOO_FEW_POINTS;
  if ((status & PROPNP_STATUS_NON_FINITE_INPUT) || num_points == 0) return;

  const T relative_z_min(1e-3);
  z_min = problem.cost->z_min > 0 ? static_cast<T>(problem.cost->z_min)
                                  : relative_z_min * RmsRadius(*this);
  z_min = std::max(z_min, std::sqrt(std::numeric_limits<T>::min()));
  // Points so far apart that their radius is no number.
  if (!std::isfinite(z_min)) status |= PROPNP_STATUS_NON_FINITE_INPUT;
  for (int64_t k = 0; k < num_views; ++k) views[k].z_min = z_min;
  if (!SetLoss(problem, this)) status |= PROPNP_STATUS_NON_FINITE_INPUT;
}

template <typename To>
PackedView<To> CastWithoutColumns(const PackedView<double>& view) {
  PackedView<To> result = {};
  const auto cast = [](const auto& from, auto* to) {
    std::transform(std::begin(from), std::end(from), *to,
                   [](double value) { return static_cast<To>(value); });
  };
  result.num_points = view.num_points;
  result.padded_points = view.padded_points;
  result.camera_model = view.camera_model;
  result.has_box = view.has_box;
  result.has_rig = view.has_rig;
  cast(view.camera_parameters, &result.camera_parameters);
  result.camera_limit = static_cast<To>(view.camera_limit);
  cast(view.box, &result.box);
  result.z_min = static_cast<To>(view.z_min);
  cast(view.camera_from_rig_rotation, &result.camera_from_rig_rotation);
  cast(view.camera_from_rig_translation, &result.camera_from_rig_translation);
  return result;
}

void CopyWithoutPrior(const PackedObject<double>& object, PackedObject<float>* copy) {
  float* memory = copy->columns;
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<double>& from = object.views[v];
    PackedView<float>& to = copy->views[v];
    const auto column = [&](const double* values) -> const float* {
      if (!values) return nullptr;
      float* const begin = memory;
      memory = std::transform(values, values + from.padded_points, begin,
                              [](double value) { return static_cast<float>(value); });
      return begin;
    };
    to = CastWithoutColumns<float>(from);
    to.x = column(from.x), to.y = column(from.y), to.z = column(from.z);
    to.u = column(from.u), to.v = column(from.v);
    to.wxx = column(from.wxx), to.wyy = column(from.wyy);
    to.wxy = column(from.wxy), to.wyx = column(from.wyx);
  }
  copy->index = object.index;
  copy->num_views = object.num_views;
  copy->num_points = object.num_points;
  copy->weighted_points = object.weighted_points;
  copy->loss.kind = object.loss.kind;
  copy->loss.delta = static_cast<float>(object.loss.delta);
  copy->prior.kind = PriorKind::kNone;
  copy->four_dof.axis = cast<float>(object.four_dof.axis);
  copy->four_dof.base_rotation = cast<float>(object.four_dof.base_rotation);
  copy->z_min = static_cast<float>(object.z_min);
  copy->status = object.status;
}

template struct PackedObject<float>;
template struct PackedObject<double>;
template AdaptiveDelta<float> AdaptiveDeltaOf(const PackedObject<float>&);
template AdaptiveDelta<double> AdaptiveDeltaOf(const PackedObject<double>&);
template PackedView<float> CastWithoutColumns(const PackedView<double>&);
template PackedView<double> CastWithoutColumns(const PackedView<double>&);
template void PrepareCameras(const Problem&, PreparedCamera<float>*);
template void PrepareCameras(const Problem&, PreparedCamera<double>*);

}  // namespace propnp
