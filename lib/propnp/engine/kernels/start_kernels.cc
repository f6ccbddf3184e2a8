// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set.
#include "propnp/engine/kernels/start_kernels.h"

#include <limits>

#include "propnp/engine/kernels/start_costs.h"
#include "propnp/engine/kernels/start_steps.h"

PROPNP_MATH_BEGIN

namespace {

using L = Lanes<float>;

// What the kernels of one camera are called with.
struct RefineCall {
  const PackedView<float>& view;
  const KernelModel<float>& model;
  const float* axis;
  const StartPoints& points;
  int iterations;
  const StartDamping& damping;
};

// A register of starts in a group.
class StateLanes {
  using Pose = StartLanesPose<L>;

 public:
  StateLanes(StartState* state, int lane) : cost_(state->cost + lane) {
    for (int k = 0; k < 3; ++k) numbers_[k] = state->position[k] + lane;
    for (int k = 0; k < 4; ++k) numbers_[3 + k] = state->quaternion[k] + lane;
    numbers_[7] = state->yaw + lane;
  }

  // With halves the starts of the lower one are in both.
  template <PointOwner kOwner>
  PROPNP_INLINE Pose load() const {
    const auto number = [&](int k) {
      const L all = L::load_unaligned(numbers_[k]);
      if constexpr (kOwner != PointOwner::kHalves) return all;
      return join_halves(all, exchange_halves(all));
    };
    return {
        {number(0), number(1), number(2)}, {number(3), number(4), number(5), number(6)}, number(7)};
  }
  PROPNP_INLINE void store(const Pose& pose, const L& cost) const {
    const L values[8] = {pose.position.x, pose.position.y, pose.position.z, pose.rotation.w,
                         pose.rotation.x, pose.rotation.y, pose.rotation.z, pose.yaw};
    for (int k = 0; k < 8; ++k) values[k].store_unaligned(numbers_[k]);
    cost.store_unaligned(cost_);
  }

 private:
  float *numbers_[8], *const cost_;
};

// Cost is that over a PointList.
template <int kDof, PointOwner kOwner, typename Cost>
L refine_lanes(const RefineCall& c, const Cost& cost, const StateLanes& lanes,
               StartLanesPose<L>* pose) {
  *pose = lanes.load<kOwner>();
  return StartRefiner<kDof, L, Cost>(cost, spread_vector(c.axis), c.damping)
      .refine(c.iterations, pose);
}

// All starts on all points.
template <int kDof, PointOwner kOwner, template <PointOwner> class CostOf>
void refine_on_all(const RefineCall& c, StartState* state) {
  const CostOf<kOwner> all(c.view, c.model, spread_vector(c.axis),
                           PointList<kOwner>(c.points.all, c.points.num_all));
  for (int lane = 0; lane < c.points.num_starts; lane += L::kSize) {
    const StateLanes lanes(state, lane);
    StartLanesPose<L> pose;
    const L cost = refine_lanes<kDof, kOwner>(c, all, lanes, &pose);
    lanes.store(pose, cost);
  }
}

// Each on points of its own, with the cost on all.
template <int kDof, template <PointOwner> class CostOf>
void refine_on_own(const RefineCall& c, StartState* state) {
  const Vec3<L> axis = spread_vector(c.axis);
  const CostOf<PointOwner::kAll> all(c.view, c.model, axis, {c.points.all, c.points.num_all});
  for (int lane = 0; lane < kStartLanes; lane += L::kSize) {
    const CostOf<PointOwner::kEach> own(c.view, c.model, axis,
                                        {c.points.of_starts + lane, c.points.count});
    const StateLanes lanes(state, lane);
    StartLanesPose<L> pose;
    refine_lanes<kDof, PointOwner::kEach>(c, own, lanes, &pose);
    lanes.store(pose, all.cost(pose));
  }
}

template <int kDof, bool kAboutY>
struct Pinhole {
  template <PointOwner kOwner>
  using Cost = PinholeStartCost<kDof, kOwner, kAboutY>;
};
template <typename Model, int kDof, bool kInformation>
struct Camera {
  template <PointOwner kOwner>
  using Cost = CameraStartCost<Model, kDof, kOwner, kInformation>;
};

template <int kDof, bool kAboutY>
void refine_with_pinhole(const RefineCall& c, StartState* state) {
  using PinholeOf = Pinhole<kDof, kAboutY>;
  if (c.points.of_starts) {
    refine_on_own<kDof, PinholeOf::template Cost>(c, state);
  } else if (2 * c.points.num_starts <= L::kSize) {
    refine_on_all<kDof, PointOwner::kHalves, PinholeOf::template Cost>(c, state);
  } else {
    refine_on_all<kDof, PointOwner::kAll, PinholeOf::template Cost>(c, state);
  }
}

template <int kDof, typename Model, bool kInformation>
void refine_with_camera(const RefineCall& c, StartState* state) {
  c.points.of_starts
      ? refine_on_own<kDof, Camera<Model, kDof, kInformation>::template Cost>(c, state)
      : refine_on_all<kDof, PointOwner::kAll, Camera<Model, kDof, kInformation>::template Cost>(
            c, state);
}

template <int kDof>
void refine_of(const RefineCall& c, StartState* state) {
  if (c.points.form == StartPointForm::kPinhole) {
    if constexpr (kDof == 4) {
      const bool about_y = c.axis[0] == 0 && c.axis[1] == 1 && c.axis[2] == 0;
      if (about_y) return refine_with_pinhole<kDof, true>(c, state);
    }
    return refine_with_pinhole<kDof, false>(c, state);
  }
  visit_camera(c.view.camera_model, [&](auto camera) {
    using Model = decltype(camera);
    c.points.form == StartPointForm::kInformation
        ? refine_with_camera<kDof, Model, true>(c, state)
        : refine_with_camera<kDof, Model, false>(c, state);
  });
}

void refine(int dof, const PackedView<float>& view, const KernelModel<float>& model,
            const float* axis, const StartPoints& points, int iterations,
            const StartDamping& damping, StartState* state) {
  (dof == 6 ? refine_of<6> : refine_of<4>)({view, model, axis, points, iterations, damping}, state);
}

// The starts that are left to pick from.
class StartsLeft {
 public:
  StartsLeft(StartState* groups, int num_groups) : groups_(groups), num_groups_(num_groups) {
    const L infinity(kInfinity);
    lowest_ = for_each([&](const StartState& group, int lane) {
      const L cost = L::load_unaligned(group.cost + lane);
      return select(cost < infinity, cost, infinity);
    });
  }

  // The best of them; negative if there is none.
  int32_t best() const {
    const float cost = hn::GetLane(hn::MinOfLanes(L::Tag(), lowest_.v));
    if (!(cost < kInfinity)) return -1;
    for (int32_t i = 0;; i += L::kSize) {
      const L left = L::load_unaligned(groups_[i / kStartLanes].left + i % kStartLanes);
      const auto first = hn::FindFirstTrue(L::Tag(), hn::Eq(left.v, hn::Set(L::Tag(), cost)));
      if (first >= 0) return i + static_cast<int32_t>(first);
    }
  }

  // Most starts come to the same few rotations.
  void remove_near(int32_t index) {
    StartState& picked = groups_[index / kStartLanes];
    const int at = index % kStartLanes;
    picked.left[at] = kInfinity;
    const Quaternion<L> q{L(picked.quaternion[0][at]), L(picked.quaternion[1][at]),
                          L(picked.quaternion[2][at]), L(picked.quaternion[3][at])};
    const L near(static_cast<float>(kCosHalfStartDistance)), infinity(kInfinity);
    lowest_ = for_each([&](const StartState& group, int lane) {
      const auto part = [&](int k) { return L::load_unaligned(group.quaternion[k] + lane); };
      const L cosine = q.w * part(0) + q.x * part(1) + q.y * part(2) + q.z * part(3);
      const L left = L::load_unaligned(group.left + lane);
      return select(max(cosine, -cosine) < near, left, infinity);
    });
  }

 private:
  static constexpr float kInfinity = std::numeric_limits<float>::infinity();

  // Sets what is left of each start and returns the least of each lane.
  template <typename LeftOf>
  PROPNP_INLINE L for_each(const LeftOf& left_of) const {
    L lowest(kInfinity);
    for (int g = 0; g < num_groups_; ++g) {
      for (int lane = 0; lane < kStartLanes; lane += L::kSize) {
        const L left = left_of(groups_[g], lane);
        left.store_unaligned(groups_[g].left + lane);
        lowest = min(lowest, left);
      }
    }
    return lowest;
  }

  StartState* const groups_;
  const int num_groups_;
  L lowest_;
};

int pick(StartState* groups, int num_groups, int most, int32_t* picked) {
  StartsLeft left(groups, num_groups);
  int count = 0;
  for (int32_t best = 0; count < most && (best = left.best()) >= 0; left.remove_near(best)) {
    picked[count++] = best;
  }
  return count;
}

}  // namespace

extern const StartKernels kStartKernels;
const StartKernels kStartKernels = {refine, pick};

PROPNP_MATH_END
