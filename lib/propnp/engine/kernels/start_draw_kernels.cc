// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set.
#include "propnp/engine/kernels/start_draw_kernels.h"

#include "propnp/engine/kernels/lanes.h"
#include "propnp/engine/start_words.h"
#include "propnp/math/random_rotation.h"
#include "propnp/math/weighted_subset.h"

PROPNP_MATH_BEGIN

namespace {

using F = Lanes<float>;
using D = Lanes<double>;

// A word of 32 bits in each lane of 64; what stands above it is not read.
struct LaneWord {
  using Tag = hn::ScalableTag<uint64_t>;
  static constexpr int kSize = static_cast<int>(HWY_LANES(uint64_t));

  hn::Vec<Tag> v;

  LaneWord() = default;
  PROPNP_INLINE LaneWord(hn::Vec<Tag> vector) : v(vector) {}
  PROPNP_INLINE explicit LaneWord(uint32_t word) : v(hn::Set(Tag(), word)) {}
};
PROPNP_INLINE LaneWord operator^(const LaneWord& a, const LaneWord& b) {
  return {hn::Xor(a.v, b.v)};
}
PROPNP_INLINE void multiply_wide(uint32_t a, const LaneWord& b, LaneWord* high, LaneWord* low) {
#if HWY_TARGET == HWY_SCALAR
  low->v = hn::Vec<LaneWord::Tag>(uint64_t{a} * static_cast<uint32_t>(hn::GetLane(b.v)));
#else
  const hn::RepartitionToNarrow<LaneWord::Tag> d32;
  low->v = hn::MulEven(hn::Set(d32, a), hn::BitCast(d32, b.v));
#endif
  high->v = hn::ShiftRight<32>(low->v);
}

// Four words for each start of a group.
struct GroupWords {
  alignas(kColumnAlignment) uint64_t word[4][kStartLanes];

  PROPNP_INLINE uint32_t at(int k, int lane) const { return static_cast<uint32_t>(word[k][lane]); }
};

// Of indices begin, begin + step, ...
GroupWords random_words_of_group(const StartStream& stream, RandomPurpose purpose, uint32_t begin,
                                 uint32_t step) {
  GroupWords result;
  const LaneWord::Tag d;
  for (uint32_t lane = 0; lane < kStartLanes; lane += LaneWord::kSize) {
    alignas(kColumnAlignment) uint64_t index[LaneWord::kSize];
    for (uint32_t i = 0; i < LaneWord::kSize; ++i) index[i] = begin + (lane + i) * step;
    const PhiloxBlock<LaneWord> words =
        random_block(stream.seed, stream.object_id, purpose, LaneWord(hn::Load(d, index)));
    for (int k = 0; k < 4; ++k) hn::Store(words.word[k].v, d, result.word[k] + lane);
  }
  return result;
}

// The line of math/weighted_subset.h, looked up by cells.
class GuidedLine {
 public:
  explicit GuidedLine(const WeightLine& line) : line_(line) {}

  int64_t num_points() const { return line_.num_points; }
  double begin(int64_t i) const { return line_.begin[i]; }
  int64_t find(double position) const {
    const int64_t last = line_.num_points - 1;
    const auto cell = static_cast<int64_t>(position * line_.cells_per_weight);
    int64_t i = line_.guide[cell < last ? cell : last];
    while (line_.begin[i] > position) --i;  // rounding of the cell
    while (i < last && line_.begin[i + 1] <= position) ++i;
    return i;
  }

 private:
  const WeightLine& line_;
};

// The points that one start has drawn. Those that have weight differ in where they begin.
class TakenPoints {
 public:
  // `chosen` are `count` points, those of all starts kStartLanes apart.
  TakenPoints(const WeightLine& line, const int32_t* chosen, int count)
      : line_(line), count_(count) {
    for (int k = 0; k < count; ++k) {
      const int32_t index = chosen[k * kStartLanes];
      begin_[k] = line.begin[index];
      weight_[k] = line.begin[index + 1] - begin_[k];
    }
    for (int k = count; k < count + D::kSize; ++k) begin_[k] = weight_[k] = 0;
  }

  int count() const { return count_; }
  bool contains(int64_t index) const {
    bool found = false;
    for (int k = 0; k < count_; ++k) found |= begin_[k] == line_.begin[index];
    return found;
  }
  double weight_before(double position) const {
    const D limit(position);
    return weight_of([&](const D& begin) { return begin < limit; });
  }
  double weight_up_to(double position) const {
    const D limit(position);
    return weight_of([&](const D& begin) { return !(limit < begin); });
  }

 private:
  // The weight of the chosen that are(begin).
  template <typename Are>
  double weight_of(const Are& are) const {
    D sum(0.0);
    for (int k = 0; k < count_; k += D::kSize) {
      const LaneMask<double> mask = are(D::load_unaligned(begin_ + k));
      sum = sum + select(mask, D::load_unaligned(weight_ + k), D(0.0));
    }
    return sum.sum();
  }

  const WeightLine& line_;
  const int count_;
  double begin_[PROPNP_MAX_START_POINTS + D::kSize], weight_[PROPNP_MAX_START_POINTS + D::kSize];
};

// A position on the line for each start of a group, and what lies there.
struct GroupPositions {
  alignas(kColumnAlignment) double position[kStartLanes];
  alignas(kColumnAlignment) int64_t index[kStartLanes];
  alignas(kColumnAlignment) double weight[kStartLanes];
};

// Finds index and weight. A weight is zero only where the position lies beyond the last point.
void locate(const WeightLine& line, GroupPositions* group) {
  using Tag = D::Tag;
  const Tag d;
  const hn::RebindToSigned<Tag> di;
  const int64_t last = line.num_points - 1;
  for (int lane = 0; lane < kStartLanes; ++lane) {
    const auto cell = static_cast<int64_t>(group->position[lane] * line.cells_per_weight);
    group->index[lane] = line.guide[cell < last ? cell : last];
  }
  for (int lane = 0; lane < kStartLanes; lane += D::kSize) {
    const auto position = hn::Load(d, group->position + lane);
    auto index = hn::Load(di, group->index + lane);
    auto begin = hn::GatherIndex(d, line.begin, index);
    auto end = hn::GatherIndex(d, line.begin + 1, index);
    for (;;) {
      const auto down = hn::RebindMask(di, hn::Gt(begin, position));
      const auto up =
          hn::And(hn::RebindMask(di, hn::Le(end, position)), hn::Lt(index, hn::Set(di, last)));
      if (hn::AllFalse(di, hn::Or(down, up))) break;
      const auto one = hn::Set(di, 1);
      index = hn::Add(index, hn::IfThenElseZero(up, one));
      index = hn::Sub(index, hn::IfThenElseZero(down, one));
      begin = hn::GatherIndex(d, line.begin, index);
      end = hn::GatherIndex(d, line.begin + 1, index);
    }
    hn::Store(index, di, group->index + lane);
    hn::Store(hn::Sub(end, begin), d, group->weight + lane);
  }
}

void draw_subsets(const WeightLine& line, const StartStream& stream, int first, int count,
                  int32_t* chosen) {
  const double total = line.begin[line.num_points];
  alignas(kColumnAlignment) double taken[kStartLanes] = {};
  GroupWords words{};
  GroupPositions group;
  for (int k = 0; k < count; ++k) {
    if (k % 4 == 0) {
      words = random_words_of_group(stream, RandomPurpose::kStartSubset,
                                    first_subset_block(first) + k / 4, first_subset_block(1));
    }
    for (int lane = 0; lane < kStartLanes; ++lane) {
      group.position[lane] = uniform_from_word(words.at(k % 4, lane)) * total;
    }
    locate(line, &group);
    int32_t index[kStartLanes], again[kStartLanes], any = 0;
    for (int lane = 0; lane < kStartLanes; ++lane) {
      index[lane] = static_cast<int32_t>(group.index[lane]);
      again[lane] = !(group.weight[lane] > 0);
    }
    for (int j = 0; j < k; ++j) {
      const int32_t* other = chosen + j * kStartLanes;
      for (int lane = 0; lane < kStartLanes; ++lane) again[lane] |= other[lane] == index[lane];
    }
    for (int lane = 0; lane < kStartLanes; ++lane) any |= again[lane];
    for (int lane = 0; any && lane < kStartLanes; ++lane) {
      if (!again[lane]) continue;
      const TakenPoints points(line, chosen + lane, k);
      index[lane] = static_cast<int32_t>(
          draw_weighted_point(GuidedLine(line), points, group.position[lane], taken[lane]));
      group.weight[lane] = line.begin[index[lane] + 1] - line.begin[index[lane]];
    }
    for (int lane = 0; lane < kStartLanes; ++lane) {
      chosen[k * kStartLanes + lane] = index[lane];
      taken[lane] += group.weight[lane];
    }
  }
}

void draw_rotations(int dof, const StartStream& stream, int first, const float* axis,
                    StartState* state) {
  const GroupWords words =
      random_words_of_group(stream, RandomPurpose::kStartRotation, static_cast<uint32_t>(first), 1);
  alignas(kColumnAlignment) float uniform[3][kStartLanes];
  for (int k = 0; k < 3; ++k) {
    for (int lane = 0; lane < kStartLanes; ++lane) {
      uniform[k][lane] = float_uniform_from_word(words.at(k, lane));
    }
  }
  for (int lane = 0; lane < kStartLanes; lane += F::kSize) {
    const F u = F::load(uniform[0] + lane), a = F::load(uniform[1] + lane),
            b = F::load(uniform[2] + lane);
    const F yaw = yaw_from_uniform(a), half = F(0.5f) * yaw, sine = sin(half);
    const Quaternion<F> q = dof == 6 ? rotation_from_uniforms(u, a, b)
                                     : Quaternion<F>{cos(half), sine * F(axis[0]),
                                                     sine * F(axis[1]), sine * F(axis[2])};
    const F parts[4] = {q.w, q.x, q.y, q.z};
    for (int k = 0; k < 4; ++k) parts[k].store_unaligned(state->quaternion[k] + lane);
    yaw.store_unaligned(state->yaw + lane);
  }
}

void gather_points(const float* all, const int32_t* chosen, int count, float* of_starts) {
  const F::Tag d;
  const hn::RebindToSigned<F::Tag> di;
  for (int k = 0; k < count; ++k) {
    for (int lane = 0; lane < kStartLanes; lane += F::kSize) {
      const auto index =
          hn::Mul(hn::LoadU(di, chosen + k * kStartLanes + lane), hn::Set(di, kStartPointNumbers));
      float* out = of_starts + k * kStartPointNumbers * kStartLanes + lane;
      for (int n = 0; n < kStartPointNumbers; ++n) {
        hn::StoreU(hn::GatherIndex(d, all + n, index), d, out + n * kStartLanes);
      }
    }
  }
}

}  // namespace

extern const StartDrawKernels kStartDrawKernels;
const StartDrawKernels kStartDrawKernels = {draw_subsets, draw_rotations, gather_points};

PROPNP_MATH_END
