// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/packed_object.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "propnp/engine/object_prior.h"
#include "propnp/math/adaptive_delta.h"
#include "propnp/math/camera.h"

namespace propnp {
namespace {

// Copies a strided column; false if a value is NaN or infinite. Truth values are collected with |,
// which a processor does in one cycle where a floating-point sum would take four.
template <typename T, typename Source>
bool CopyColumnAs(const Source* source, int64_t stride, int64_t count, T* column) {
  constexpr T kLargest = std::numeric_limits<T>::max();
  bool trouble = false;
  for (int64_t i = 0; i < count; ++i) {
    const T value = static_cast<T>(source[i * stride]);
    column[i] = value;
    trouble |= !(std::fabs(value) <= kLargest);
  }
  return !trouble;
}

template <typename T>
bool CopyColumn(const propnp_tensor& tensor, int64_t first, int64_t stride, int64_t count,
                T* column) {
  return tensor.dtype == PROPNP_FLOAT32
             ? CopyColumnAs(static_cast<const float*>(tensor.data) + first, stride, count, column)
             : CopyColumnAs(static_cast<const double*>(tensor.data) + first, stride, count, column);
}

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
    out_.x = Column(c.x3d, 0, memory, &finite);
    out_.y = Column(c.x3d, 1, memory, &finite);
    out_.z = Column(c.x3d, 2, memory, &finite);
    out_.u = Column(c.x2d, 0, memory, &finite);
    out_.v = Column(c.x2d, 1, memory, &finite);
    out_.wxy = out_.wyx = nullptr;
    if (IsGiven(c.sqrt_info)) {
      out_.wxx = InformationColumn(0, 0, memory, &finite);
      out_.wyy = InformationColumn(1, 1, memory, &finite);
      out_.wxy = InformationColumn(0, 1, memory, &finite);
      out_.wyx = InformationColumn(1, 0, memory, &finite);
    } else if (IsGiven(c.w2d)) {
      out_.wxx = Column(c.w2d, 0, memory, &finite);
      out_.wyy = Column(c.w2d, 1, memory, &finite);
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

  const T* Column(const propnp_tensor& tensor, int component, T** memory, bool* finite) const {
    const int64_t first = problem_.FirstElement(tensor, view_, points_) +
                          component * problem_.ComponentStride(tensor);
    return ColumnFrom(tensor, first, memory, finite);
  }

  const T* InformationColumn(int row, int column, T** memory, bool* finite) const {
    const propnp_tensor& tensor = problem_.correspondences->sqrt_info;
    const int row_axis = problem_.dense ? 2 : 1;
    const int64_t first = problem_.FirstElement(tensor, view_, points_) +
                          row * tensor.stride[row_axis] + column * tensor.stride[row_axis + 1];
    return ColumnFrom(tensor, first, memory, finite);
  }

  const T* ColumnFrom(const propnp_tensor& tensor, int64_t first, T** memory, bool* finite) const {
    T* column = Take(memory);
    *finite &= CopyColumn(tensor, first, problem_.PointStride(tensor), out_.num_points, column);
    std::fill(column + out_.num_points, column + out_.padded_points, T(0));
    return column;
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
bool IsWeighted(const PackedView<T>& view, int64_t i) {
  return view.wxx[i] != 0 || view.wyy[i] != 0 ||
         (view.wxy && (view.wxy[i] != 0 || view.wyx[i] != 0));
}

// The first view that has points; an object that comes so far has at least three.
template <typename T>
const PackedView<T>& FirstView(const PackedObject<T>& object) {
  const PackedView<T>* view = object.views;
  while (view->num_points == 0) ++view;
  return *view;
}

// Root mean square distance of the points from their centroid.
template <typename T>
T RmsRadius(const PackedObject<T>& object) {
  const PackedView<T>& first = FirstView(object);
  const Vec3<T> shift{first.x[0], first.y[0], first.z[0]};
  Vec3<T> sum{0, 0, 0};
  T squares = 0;
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& view = object.views[v];
    for (int64_t i = 0; i < view.num_points; ++i) {
      const Vec3<T> d = Vec3<T>{view.x[i], view.y[i], view.z[i]} - shift;
      sum = sum + d;
      squares += dot(d, d);
    }
  }
  const T count = static_cast<T>(object.num_points);
  return std::sqrt(std::max(squares / count - dot(sum, sum) / (count * count), T(0)));
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
  const PackedView<T>& first = FirstView(object);
  AdaptiveDelta<T> delta({first.u[0], first.v[0]});
  for (int64_t v = 0; v < object.num_views; ++v) {
    const PackedView<T>& view = object.views[v];
    for (int64_t i = 0; i < view.num_points; ++i) {
      const Vec2<T> x2d{view.u[i], view.v[i]};
      if (view.wxy) {
        delta.add(x2d, SqrtInformation<T>{view.wxx[i], view.wxy[i], view.wyx[i], view.wyy[i]});
      } else {
        delta.add(x2d, DiagonalWeight<T>{view.wxx[i], view.wyy[i]});
      }
    }
  }
  return delta;
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
  num_points = weighted_points = 0;
  const Range range = problem.ViewsOf(object_index);
  num_views = range.size();
  T* memory = columns;
  bool finite = LoadFourDof(problem, object_index, &four_dof);
  finite &= LoadPrior(problem, object_index, &prior);
  bool negative = false;
  for (int64_t k = 0; k < num_views; ++k) {
    PackedView<T>& view = views[k];
    ViewGatherer<T> gatherer(problem, range.begin + k, &view);
    finite &= gatherer.GatherPoints(&memory);
    finite &= gatherer.GatherRig();
    gatherer.SetCamera(cameras[problem.CameraOf(range.begin + k)]);
    num_points += view.num_points;
    for (int64_t i = 0; i < view.num_points; ++i) {
      weighted_points += IsWeighted(view, i);
      negative |= !view.wxy && (view.wxx[i] < 0 || view.wyy[i] < 0);
    }
  }
  if (!finite || negative) status |= PROPNP_STATUS_NON_FINITE_INPUT;
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
