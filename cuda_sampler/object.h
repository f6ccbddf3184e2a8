// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// One object as the threads of a team see it: its points stay in the caller's tensors, what they
// share is computed by all threads together.
#ifndef PROPNP_CUDA_SAMPLER_OBJECT_H_
#define PROPNP_CUDA_SAMPLER_OBJECT_H_

#include <limits>

#include "cuda_sampler/device/team.h"
#include "cuda_sampler/inputs.h"
#include "propnp/engine/object_prior.h"
#include "propnp/math/adaptive_delta.h"
#include "propnp/math/residual.h"

namespace propnp::gpu {

// Reads the points of one view.
template <typename T>
class DeviceView {
 public:
  // False if an index of it leads nowhere; then it has no points.
  PROPNP_DEVICE bool Set(const DeviceInputs<T>& in, int64_t view) {
    in_ = &in;
    const Problem& problem = in.problem;
    const propnp_correspondences& c = in.correspondences;
    const int64_t camera = problem.CameraOf(view), rig = problem.RigOf(view);
    bool valid = in.PointsOf(view, &points_);
    valid = valid && 0 <= camera && camera < problem.num_cameras && -1 <= rig &&
            rig < in.num_rigs() && in.prepared_cameras[camera].model >= 0 &&
            (rig < 0 || in.rigs[rig].valid);
    if (!valid) {
      points_ = {0, 0};
      return false;
    }
    camera_ = &in.prepared_cameras[camera];
    rig_ = rig < 0 ? nullptr : &in.rigs[rig].camera_from_rig;
    x_first_ = problem.FirstElement(c.x3d, view, points_);
    u_first_ = problem.FirstElement(c.x2d, view, points_);
    w_first_ = problem.FirstElement(weights(), view, points_);
    return true;
  }

  PROPNP_DEVICE int64_t num_points() const { return points_.size(); }
  PROPNP_DEVICE const Range& points() const { return points_; }
  PROPNP_DEVICE const PreparedCamera<T>& camera() const { return *camera_; }
  PROPNP_DEVICE const RigidTransform<T>* rig() const { return rig_; }
  PROPNP_DEVICE bool has_information() const { return IsGiven(in_->correspondences.sqrt_info); }

  PROPNP_DEVICE Vec3<T> x3d(int64_t i) const {
    const propnp_tensor& t = in_->correspondences.x3d;
    T x[3];
    LoadRow(t, x_first_ + i * in_->problem.PointStride(t), x);
    return {x[0], x[1], x[2]};
  }
  PROPNP_DEVICE Vec2<T> x2d(int64_t i) const {
    const propnp_tensor& t = in_->correspondences.x2d;
    T u[2];
    LoadRow(t, u_first_ + i * in_->problem.PointStride(t), u);
    return {u[0], u[1]};
  }
  // A plain weight has zeros off the diagonal.
  PROPNP_DEVICE SqrtInformation<T> weight(int64_t i) const {
    const propnp_tensor& t = weights();
    if (!IsGiven(t)) return {T(1), T(0), T(0), T(1)};
    const int64_t at = w_first_ + i * in_->problem.PointStride(t);
    T column[2][2] = {};
    LoadRow(t, at, column[0]);
    if (!has_information()) return {column[0][0], T(0), T(0), column[0][1]};
    LoadRow(t, at + t.stride[t.ndim - 1], column[1]);
    return {column[0][0], column[1][0], column[0][1], column[1][1]};
  }
  PROPNP_DEVICE T mean_weight_of(const SqrtInformation<T>& w) const {
    return has_information() ? mean_weight(w) : mean_weight(DiagonalWeight<T>{w.xx, w.yy});
  }

  // What the points share, in numbers of type S.
  template <typename Camera, typename S = T>
  PROPNP_DEVICE ViewModel<Camera, S> model(const S& z_min) const {
    const PreparedCamera<T>& c = *camera_;
    S parameters[Camera::kNumParameters];
    for (int k = 0; k < Camera::kNumParameters; ++k) parameters[k] = S(c.parameters[k]);
    return {Camera::from_parameters(parameters, S(c.limit)),
            {c.has_box != 0, {S(c.box[0]), S(c.box[1])}, {S(c.box[2]), S(c.box[3])}},
            z_min};
  }

  // Of single points, math/residual.h. Only this depends on the camera: what comes before and after
  // exists once, not once a camera.
  template <typename S>
  PROPNP_DEVICE Vec2<S> PixelError(const S& z_min, const Vec3<S>& point_in_cam,
                                   const Vec2<S>& x2d) const {
    Vec2<S> error{S(0), S(0)};
    visit_camera(camera_->model, [&](auto camera) {
      using Camera = typename decltype(camera)::template Camera<S>;
      error = reprojection_error(model<Camera, S>(z_min), point_in_cam, x2d);
    });
    return error;
  }
  template <typename S>
  PROPNP_DEVICE PointResidual<S> Residual(const S& z_min, const Vec3<S>& point_in_cam,
                                          const Vec2<S>& x2d, const SqrtInformation<S>& weight,
                                          ClampedRows clamped_rows) const {
    Projection<S> p = {};
    visit_camera(camera_->model, [&](auto camera) {
      using Camera = typename decltype(camera)::template Camera<S>;
      p = clamped_projection(model<Camera, S>(z_min), point_in_cam, clamped_rows);
    });
    return weighted(p, x2d, weight);
  }
  PROPNP_DEVICE bool IsBehind(T z_min, const Vec3<T>& point_in_cam) const {
    bool clamps = false;
    visit_camera(camera_->model,
                 [&](auto camera) { clamps = decltype(camera)::template Camera<T>::kClampsDepth; });
    return clamps && point_in_cam.z < z_min;
  }

 private:
  // The numbers of a row; tensors of points hold float or double.
  template <int kCount>
  PROPNP_DEVICE void LoadRow(const propnp_tensor& t, int64_t at, T (&row)[kCount]) const {
    const bool is_float = t.dtype == PROPNP_FLOAT32;
    const int64_t size = is_float ? sizeof(float) : sizeof(double);
    const int64_t step = in_->problem.ComponentStride(t) * size;
    const char* const from = static_cast<const char*>(t.data) + at * size;
    PROPNP_UNROLL
    for (int k = 0; k < kCount; ++k) {
      row[k] = is_float ? static_cast<T>(*reinterpret_cast<const float*>(from + k * step))
                        : static_cast<T>(*reinterpret_cast<const double*>(from + k * step));
    }
  }
  PROPNP_DEVICE const propnp_tensor& weights() const {
    const propnp_correspondences& c = in_->correspondences;
    return IsGiven(c.sqrt_info) ? c.sqrt_info : c.w2d;
  }

  const DeviceInputs<T>* in_ = nullptr;
  Range points_{0, 0};
  const PreparedCamera<T>* camera_ = nullptr;
  const RigidTransform<T>* rig_ = nullptr;
  int64_t x_first_ = 0, u_first_ = 0, w_first_ = 0;
};

template <typename S>
PROPNP_DEVICE bool HasWeight(const SqrtInformation<S>& w) {
  return w.xx != S(0) || w.yy != S(0) || w.xy != S(0) || w.yx != S(0);
}

// What the CPU's PackedObject has besides columns, the same in every thread of the team.
template <typename T>
struct DeviceObject {
  int64_t index;
  Range views;
  int64_t num_points;       // all
  int64_t weighted_points;  // with a weight that is not zero
  RobustLoss<T> loss;       // adaptive Huber resolved to its delta
  PriorDensity<T> prior;
  FourDof<T> four_dof;
  T z_min;
  uint32_t status;  // PROPNP_STATUS_NON_FINITE_INPUT and _TOO_FEW_POINTS

  // All threads of the team together. A failed object must not be used further; too few points only
  // set the status.
  template <typename Team>
  PROPNP_DEVICE_CALL void Load(const DeviceInputs<T>& in, int64_t object, const Team& team);

  // What the cost takes of an object that Load() has found to be good, without a look at its
  // points: the counts are not set.
  PROPNP_DEVICE void Resume(const DeviceInputs<T>& in, int64_t object, T least_depth, T delta);

  // visit(view, its index, index of its first point in the object), one view after the other.
  template <typename Visit>
  PROPNP_DEVICE void ForEachView(const DeviceInputs<T>& in, const Visit& visit) const {
    int64_t first = 0;
    for (int64_t v = views.begin; v < views.end; ++v) {
      DeviceView<T> view;
      if (!view.Set(in, v)) continue;
      visit(view, v, first);
      first += view.num_points();
    }
  }

  // The first view that has points; there must be one.
  PROPNP_DEVICE DeviceView<T> FirstView(const DeviceInputs<T>& in) const {
    DeviceView<T> view;
    for (int64_t v = views.begin; v < views.end && view.num_points() == 0; ++v) view.Set(in, v);
    return view;
  }

  // The means that an adaptive delta is made of. All threads of the team together.
  template <typename Team>
  PROPNP_DEVICE AdaptiveDelta<T> AdaptiveDeltaOf(const DeviceInputs<T>& in, const Team& team) const;

 private:
  template <typename Team>
  PROPNP_DEVICE void CheckPoints(const DeviceInputs<T>& in, const Team& team);
  template <typename Team>
  PROPNP_DEVICE void MeasurePoints(const DeviceInputs<T>& in, const Team& team);
};

// Truth values and counts of the points.
template <typename T>
template <typename Team>
PROPNP_DEVICE void DeviceObject<T>::CheckPoints(const DeviceInputs<T>& in, const Team& team) {
  constexpr T kLargest = std::numeric_limits<T>::max();
  const bool plain = !IsGiven(in.correspondences.sqrt_info);
  bool trouble = false;
  int64_t weighted = 0;
  ForEachView(in, [&](const DeviceView<T>& view, int64_t, int64_t) {
    for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
      const Vec3<T> x = view.x3d(i);
      const Vec2<T> u = view.x2d(i);
      const SqrtInformation<T> w = view.weight(i);
      const T numbers[] = {x.x, x.y, x.z, u.x, u.y, w.xx, w.xy, w.yx, w.yy};
      for (const T number : numbers) trouble |= !(std::fabs(number) <= kLargest);
      trouble |= plain && (w.xx < T(0) || w.yy < T(0));
      weighted += HasWeight(w);
    }
    num_points += view.num_points();
  });
  weighted_points = team.sum(weighted);
  if (team.any(trouble)) status |= PROPNP_STATUS_NON_FINITE_INPUT;
  if (weighted_points < 3) status |= PROPNP_STATUS_TOO_FEW_POINTS;
}

template <typename T>
template <typename Team>
PROPNP_DEVICE AdaptiveDelta<T> DeviceObject<T>::AdaptiveDeltaOf(const DeviceInputs<T>& in,
                                                                const Team& team) const {
  AdaptiveDelta<T> delta(FirstView(in).x2d(0));
  ForEachView(in, [&](const DeviceView<T>& view, int64_t, int64_t) {
    for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
      const SqrtInformation<T> w = view.weight(i);
      if (view.has_information()) {
        delta.add(view.x2d(i), w);
      } else {
        delta.add(view.x2d(i), DiagonalWeight<T>{w.xx, w.yy});
      }
    }
  });
  return delta.combined(team);
}

// The default z_min, from sums relative to the first point, and the loss with its scale.
template <typename T>
template <typename Team>
PROPNP_DEVICE void DeviceObject<T>::MeasurePoints(const DeviceInputs<T>& in, const Team& team) {
  const T tiny = sqrt(std::numeric_limits<T>::min());
  const bool adaptive = in.cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER;
  const Vec3<T> origin = FirstView(in).x3d(0);
  Vec3<T> sum{T(0), T(0), T(0)};
  T squares(0);
  ForEachView(in, [&](const DeviceView<T>& view, int64_t, int64_t) {
    for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
      const Vec3<T> d = view.x3d(i) - origin;
      sum = sum + d;
      squares += dot(d, d);
    }
  });
  sum = {team.sum(sum.x), team.sum(sum.y), team.sum(sum.z)};
  squares = team.sum(squares);
  const T count = static_cast<T>(num_points);
  const T radius = sqrt(max(squares / count - dot(sum, sum) / (count * count), T(0)));
  z_min = in.cost.z_min > 0 ? static_cast<T>(in.cost.z_min) : T(1e-3) * radius;
  z_min = max(z_min, tiny);
  if (!std::isfinite(z_min)) status |= PROPNP_STATUS_NON_FINITE_INPUT;

  loss.kind = adaptive ? LossKind::kHuber : static_cast<LossKind>(in.cost.loss);
  loss.delta = T(1);
  if (loss.kind == LossKind::kNone) return;
  const double scale = LossScale(in.problem, index);
  T value = static_cast<T>(scale);
  if (adaptive) value = AdaptiveDeltaOf(in, team).value(value);
  loss.delta = max(value, tiny);
  if (!(scale > 0) || !std::isfinite(scale) || !std::isfinite(value)) {
    status |= PROPNP_STATUS_NON_FINITE_INPUT;
  }
}

template <typename T>
template <typename Team>
PROPNP_DEVICE_CALL void DeviceObject<T>::Load(const DeviceInputs<T>& in, int64_t object,
                                              const Team& team) {
  index = object;
  status = 0;
  num_points = weighted_points = 0;
  z_min = T(1);
  loss = RobustLoss<T>();
  bool valid = in.ViewsOf(object, &views);
  if (!valid) views = {0, 0};
  for (int64_t v = views.begin; v < views.end; ++v) valid = DeviceView<T>().Set(in, v) && valid;
  valid = LoadFourDof(in.problem, object, &four_dof) && valid;
  valid = LoadPrior(in.problem, object, &prior) && valid;
  if (!valid) status |= PROPNP_STATUS_NON_FINITE_INPUT;
  CheckPoints(in, team);
  if ((status & PROPNP_STATUS_NON_FINITE_INPUT) || num_points == 0) return;
  MeasurePoints(in, team);
}

template <typename T>
PROPNP_DEVICE void DeviceObject<T>::Resume(const DeviceInputs<T>& in, int64_t object, T least_depth,
                                           T delta) {
  index = object;
  status = 0;
  in.ViewsOf(object, &views);
  LoadFourDof(in.problem, object, &four_dof);
  LoadPrior(in.problem, object, &prior);
  z_min = least_depth;
  loss.kind = in.cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER ? LossKind::kHuber
                                                         : static_cast<LossKind>(in.cost.loss);
  loss.delta = delta;
}

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_OBJECT_H_
