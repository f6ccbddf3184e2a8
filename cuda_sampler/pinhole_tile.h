// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The inner loops of displaced.cu for what is most common and can be done with half the work, as
// engine/kernels/pinhole_samples.h on the CPU: float32, a pinhole without a rig, plain weights,
// Huber's loss or none, every point in front of the camera.
#ifndef PROPNP_CUDA_SAMPLER_PINHOLE_TILE_H_
#define PROPNP_CUDA_SAMPLER_PINHOLE_TILE_H_

#include <cmath>
#include <limits>
#include <type_traits>

#include "cuda_sampler/displaced.h"
#include "cuda_sampler/object.h"
#include "propnp/math/displaced_residual.h"
#include "propnp/math/pinhole_residual.h"

namespace propnp::gpu {

// Whether a view may take these loops, but for the depth of its points.
template <typename T>
PROPNP_DEVICE bool IsPlainPinhole(const DeviceView<double>& view, const RobustLoss<T>& loss) {
  return view.camera().model == PinholeCamera<T>::kModel && !view.rig() &&
         !view.has_information() && loss.kind != LossKind::kCauchy;
}

// Infinite if there is no loss.
template <typename T>
PROPNP_DEVICE T HuberDelta(const RobustLoss<T>& loss) {
  return loss.kind == LossKind::kHuber ? loss.delta : std::numeric_limits<T>::infinity();
}

// Displacement::of() in as many fused operations as it has products.
template <typename T>
PROPNP_DEVICE Vec3<T> moved(const Vec3<T>& v, const Displacement<T>& pose) {
  const auto row = [&](const Vec3<T>& m, const T& shift) {
    return m.x * v.x + (m.y * v.y + (m.z * v.z + shift));
  };
  return {row(pose.turn.row0, pose.shift.x), row(pose.turn.row1, pose.shift.y),
          row(pose.turn.row2, pose.shift.z)};
}

// Whether points lie where the folded form serves.
template <typename T>
struct DepthRange {
  T least = std::numeric_limits<T>::infinity(), most = -std::numeric_limits<T>::infinity();

  PROPNP_DEVICE void Add(T depth) {
    least = std::fmin(least, depth);
    most = std::fmax(most, depth);
  }
  PROPNP_DEVICE bool Serves(T z_min) const {
    return least >= std::fmax(z_min, T(kNearestPinhole)) && most <= T(kFarthestPinhole);
  }
};

// One correspondence at the base pose.
template <typename T, bool kHasBox>
struct alignas(16) PinholeTilePoint {
  Vec3<T> rotated;
  PinholePoint<T, kHasBox> point;

  // A point that lies behind the camera already keeps a depth that no displacement mends.
  PROPNP_DEVICE PinholeTilePoint(const ViewModel<PinholeCamera<T>, T>& model,
                                 const BasePoint<T>& base)
      : rotated(base.rotated),
        point(model.camera, model.box, DiagonalWeight<T>{base.weight.xx, base.weight.yy},
              base.point_in_cam.z, base.error, base.pixel) {
    if (!(base.point_in_cam.z >= model.z_min)) point.depth = -std::numeric_limits<T>::infinity();
  }
};

// The cost of a sample over points. False if one of them lies behind the camera
// or too far away: then the cost is another.
template <typename T, bool kHasBox>
PROPNP_DEVICE bool PinholeCost(const PinholeTilePoint<T, kHasBox>* points, int count, T z_min,
                               T delta, const Displacement<T>& displacement, T* cost) {
  const Displacement<T> pose = displacement;
  T sum(0);
  DepthRange<T> depths;
  for (int i = 0; i < count; ++i) {
    const PinholeTilePoint<T, kHasBox> p = points[i];
    const PinholeFraction<T> f = p.point.at(moved(p.rotated, pose));
    const T norm = PinholeNorm<T>(f).value, inner = std::fmin(norm, delta);
    sum += inner * (norm - T(0.5) * inner);
    depths.Add(f.depth);
  }
  *cost = sum;
  return depths.Serves(z_min);
}

// Sums over samples of what the gradient of a point is made of.
template <typename T>
struct PinholeTileSums {
  Vec3<T> point{T(0), T(0), T(0)};
  PinholeSums<T> others;

  PROPNP_DEVICE void AddTo(const DiagonalWeight<T>& w, DisplacedGradient<T>* gradient) const {
    gradient->point = gradient->point + point;
    gradient->x2d = gradient->x2d - w.times(others.error);
    // e = weight error, and a point without weight has e = 0.
    gradient->weight.xx += w.x > T(0) ? others.weight.x / w.x : T(0);
    gradient->weight.yy += w.y > T(0) ? others.weight.y / w.y : T(0);
    gradient->delta += others.delta;
  }
};

// Adds the gradient of one point's cost over samples in shared memory, whose records hold the
// diagonal of their rotation. False if it lies behind the camera in one of them: then the gradient
// is another.
template <typename T, bool kHasBox>
PROPNP_DEVICE bool AddPinholeGradient(const PinholeTilePoint<T, kHasBox>& p,
                                      const SampleRecord<T>* records, int count, T z_min, T delta,
                                      PinholeTileSums<T>* sums) {
  DepthRange<T> depths;
  for (int s = 0; s < count; ++s) {
    const SampleRecord<T> record = records[s];
    const PinholeFraction<T> f = p.point.at(moved(p.rotated, record.pose));
    const Vec3<T> g = sums->others.add(p.point, f, delta, record.weight);
    // R^T g.
    const Mat3<T>& m = record.pose.turn;
    const auto turned_back = [&](T sum, T x, T y, T z) {
      return x * g.x + (y * g.y + (z * g.z + sum));
    };
    sums->point = {turned_back(sums->point.x, record.diagonal[0], m.row1.x, m.row2.x),
                   turned_back(sums->point.y, m.row0.y, record.diagonal[1], m.row2.y),
                   turned_back(sums->point.z, m.row0.z, m.row1.z, record.diagonal[2])};
    depths.Add(f.depth);
  }
  return depths.Serves(z_min);
}

// A tile of points in shared memory; a box takes more of it.
template <typename T>
class PinholeTile {
 public:
  static constexpr bool kExists = std::is_same_v<T, float>;
  static constexpr int kPointBytes = kExists ? sizeof(PinholeTilePoint<T, true>) : 0;

  PROPNP_DEVICE PinholeTile(void* memory, const DeviceView<double>& view, T z_min,
                            const RobustLoss<T>& loss)
      : memory_(memory), view_(view), z_min_(z_min) {
    serves_ = kExists && IsPlainPinhole(view, loss);
    delta_ = HuberDelta(loss);
  }

  // IsPlainPinhole().
  PROPNP_DEVICE bool serves() const { return serves_; }

  PROPNP_DEVICE void Set(int i, const BasePoint<T>& base) const {
    const auto model = view_.template model<PinholeCamera<T>>(z_min_);
    if (model.box.active) {
      Points<true>()[i] = PinholeTilePoint<T, true>(model, base);
    } else {
      Points<false>()[i] = PinholeTilePoint<T, false>(model, base);
    }
  }

  // PinholeCost() of the first points.
  PROPNP_DEVICE bool Cost(int count, const Displacement<T>& pose, T* cost) const {
    return view_.camera().has_box ? PinholeCost(Points<true>(), count, z_min_, delta_, pose, cost)
                                  : PinholeCost(Points<false>(), count, z_min_, delta_, pose, cost);
  }

 private:
  template <bool kHasBox>
  PROPNP_DEVICE PinholeTilePoint<T, kHasBox>* Points() const {
    return static_cast<PinholeTilePoint<T, kHasBox>*>(memory_);
  }

  void* const memory_;
  const DeviceView<double>& view_;
  const T z_min_;
  T delta_;
  bool serves_;
};

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_PINHOLE_TILE_H_
