// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set. Samples lie in the lanes, in double precision.
#include <cmath>

#include "propnp/engine/kernels/lane_chart.h"
#include "propnp/engine/kernels/sample_kernels.h"

PROPNP_MATH_BEGIN

namespace {

using D = Lanes<double>;

// Writes kSampleRecord columns as the first `count` of their records.
template <typename T>
PROPNP_INLINE void store_records(const D* columns, int64_t count, T* records) {
  const NarrowTag<T> tag;
  HWY_ALIGN T quads[4 * D::kSize];
  for (int k = 0; k < kSampleRecord; k += 4) {
    hn::StoreInterleaved4(narrow(tag, columns[k]), narrow(tag, columns[k + 1]),
                          narrow(tag, columns[k + 2]), narrow(tag, columns[k + 3]), tag, quads);
    for (int i = 0; i < D::kSize && i < count; ++i) {
      std::memcpy(records + i * kSampleRecord + k, quads + 4 * i, 4 * sizeof(T));
    }
  }
}

// Bounds over all samples; nothing bounds what is not a number.
class Bounds {
 public:
  PROPNP_INLINE void add(const Mat3<D>& turn, const Vec3<D>& shift, int64_t count) {
    const D zero(0.0), turned = dot(turn.row2, turn.row2);
    const LaneMask<double> used = first_lanes<double>(count);
    most_turn_ = max(most_turn_, select(used, turned, zero));
    least_z_ = min(least_z_, select(used, shift.z, least_z_));
    most_z_ = max(most_z_, select(used, shift.z, most_z_));
    const D sum = turned + shift.z;
    unbounded_ = unbounded_ | (used & LaneMask<double>{hn::Ne((sum - sum).v, zero.v)});
  }

  PROPNP_INLINE RecordBounds get() const {
    const D::Tag d;
    if (!hn::AllFalse(d, unbounded_.m)) return {HUGE_VAL, -HUGE_VAL, HUGE_VAL};
    return {hn::GetLane(hn::MaxOfLanes(d, most_turn_.v)),
            hn::GetLane(hn::MinOfLanes(d, least_z_.v)), hn::GetLane(hn::MaxOfLanes(d, most_z_.v))};
  }

 private:
  D most_turn_{0.0}, least_z_{HUGE_VAL}, most_z_{-HUGE_VAL};
  LaneMask<double> unbounded_ = most_turn_ < most_turn_;
};

template <int kDof, typename T>
RecordBounds fill_of(const KernelChart& kernel_chart, int mode, int64_t begin, int64_t end,
                     const KernelSamples& samples, T* records) {
  const LaneChart<kDof, D> chart = spread_chart<kDof, D>(kernel_chart);
  const D zero(0.0), one(1.0);
  Bounds bounds;
  for (int64_t s = begin; s < end; s += D::kSize) {
    D xi[kDof];
    load_xi<kDof>(samples, mode, s, xi);
    const PivotDisplacement<D> moved = chart.displacement(xi);
    const Vec3<D>& shift = moved.shift;
    const Mat3<D> m = rotation_minus_identity_from_cayley(moved.theta);
    const D record[kSampleRecord] = {m.row0.x, m.row0.y,       m.row0.z,       m.row1.x,
                                     m.row1.y, m.row1.z,       m.row2.x,       m.row2.y,
                                     m.row2.z, shift.x,        shift.y,        shift.z,
                                     zero,     one + m.row0.x, one + m.row1.y, one + m.row2.z};
    store_records(record, end - s, records + s * kSampleRecord);
    bounds.add(m, shift, end - s);
  }
  return bounds.get();
}

template <typename T>
RecordBounds fill(int dof, const KernelChart& chart, int mode, int64_t begin, int64_t end,
                  const KernelSamples& samples, T* records) {
  return (dof == 6 ? fill_of<6, T> : fill_of<4, T>)(chart, mode, begin, end, samples, records);
}

}  // namespace

extern const RecordKernels<float> kFloatRecordKernels;
extern const RecordKernels<double> kDoubleRecordKernels;
const RecordKernels<float> kFloatRecordKernels = {fill<float>};
const RecordKernels<double> kDoubleRecordKernels = {fill<double>};

PROPNP_MATH_END
