// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Points lie in the lanes; the sums of a sample stay in
// registers while the loop runs over its points.
#include "propnp/engine/kernels/sample_lanes.h"

PROPNP_MATH_BEGIN

namespace {

template <typename Lane, typename T, typename Weight>
PROPNP_INLINE void add_point(const Lane& lanes, const LaneBase<T>& base, const Weight& weight,
                             const T* record, Vec3<Lanes<T>>* force, Vec3<Lanes<T>>* torque) {
  using L = Lanes<T>;
  const Vec3<L> moved = displacement_in_rig(base.rotated, record);
  const Vec3<L> displacement = displacement_in_cam(lanes, moved);
  const DisplacedError<T> displaced = displaced_error(lanes, base, displacement);
  const Pull<T> pull = pull_of(lanes, base, weight, displacement, displaced, L(T(1)));
  const Vec3<L> shift{L(record[9]), L(record[10]), L(record[11])};
  *force = *force + pull.point;
  *torque = *torque + cross(base.rotated + (moved - shift), pull.point);
}

template <typename Model, bool kInformation, typename Known, typename T>
void add_scores_of(const BaseView<T>& base_view, const KernelModel<T>& model,
                   const SampleBlock<T>& block, double* scores) {
  using L = Lanes<T>;
  const PackedView<T>& view = *base_view.view;
  const SampleModel<Model, T, Known> lanes(view, model);
  const L zero(T(0));
  for (int64_t s = 0; s < block.count; ++s) {
    const T* record = block.records + s * kSampleRecord;
    Vec3<L> force{zero, zero, zero}, torque{zero, zero, zero};
    for (int64_t i = 0; i < view.padded_points; i += L::kSize) {
      const LaneBase<T> base(base_view, i);
      if constexpr (kInformation) {
        add_point(lanes, base, load_information(view, i), record, &force, &torque);
      } else {
        add_point(lanes, base, load_weight(view, i), record, &force, &torque);
      }
    }
    const L* const sums[kScore] = {&force.x, &force.y, &force.z, &torque.x, &torque.y, &torque.z};
    for (int k = 0; k < kScore; ++k) {
      scores[s * kScore + k] += static_cast<double>(sums[k]->sum());
    }
  }
}

template <typename T>
void add_scores(const BaseView<T>& base, const KernelModel<T>& model, const SampleBlock<T>& block,
                double* scores) {
  visit_loop(base, model, block, [&](auto camera, auto information, auto known) {
    add_scores_of<decltype(camera), information, decltype(known)>(base, model, block, scores);
  });
}

}  // namespace

extern const ScoreKernels<float> kFloatScoreKernels;
extern const ScoreKernels<double> kDoubleScoreKernels;
const ScoreKernels<float> kFloatScoreKernels = {add_scores<float>};
const ScoreKernels<double> kDoubleScoreKernels = {add_scores<double>};

PROPNP_MATH_END
