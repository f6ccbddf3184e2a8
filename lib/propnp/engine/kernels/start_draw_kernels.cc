// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set.
#include "propnp/engine/kernels/start_draw_kernels.h"

#include "propnp/engine/args.h"
#include "propnp/engine/kernels/lanes.h"
#include "propnp/engine/start_words.h"
#include "propnp/math/philox.h"
#include "propnp/math/random_rotation.h"

PROPNP_MATH_BEGIN

namespace {

using F = Lanes<float>;

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
  alignas(kColumnAlignment) uint32_t word[4][kStartLanes];
};

// Of indices begin, begin + step, ...
PROPNP_INLINE void random_words_of_group(const StartStream& stream, RandomPurpose purpose,
                                         uint32_t begin, uint32_t step, GroupWords* result) {
  const LaneWord::Tag d;
  const hn::Rebind<uint32_t, LaneWord::Tag> d32;
  for (uint32_t lane = 0; lane < kStartLanes; lane += LaneWord::kSize) {
    alignas(kColumnAlignment) uint64_t index[LaneWord::kSize];
    for (uint32_t i = 0; i < LaneWord::kSize; ++i) index[i] = begin + (lane + i) * step;
    const PhiloxBlock<LaneWord> words =
        random_block(stream.seed, stream.object_id, purpose, LaneWord(hn::Load(d, index)));
    for (int k = 0; k < 4; ++k) {
      hn::Store(hn::TruncateTo(d32, words.word[k].v), d32, result->word[k] + lane);
    }
  }
}

// WeightedSubset for a register of starts, in the order in which the points are drawn.
class LaneSubsets {
  using Tag = hn::ScalableTag<uint32_t>;
  using IndexTag = hn::RebindToSigned<Tag>;
  using Words = hn::Vec<Tag>;
  using Index = hn::Vec<IndexTag>;

 public:
  static constexpr int kSize = static_cast<int>(HWY_LANES(uint32_t));

  PROPNP_INLINE explicit LaneSubsets(const WeightLine& line)
      : line_(line), left_(hn::Set(Tag(), line.begin[line.num_points])) {}

  // One more point of each start, by a random word of each.
  PROPNP_INLINE void draw(const uint32_t* words, int32_t* points) {
    const Tag d;
    const Words on_cut = high_product(hn::Load(d, words), left_);
    Words position = on_cut;
    for (int k = 0; k < count_; ++k) {
      const auto behind = hn::Gt(hn::Load(d, cut_[k]), on_cut);
      position = hn::Add(position, hn::IfThenZeroElse(behind, hn::Load(d, width_[k])));
    }
    const Place place = locate(position);
    const Words width = hn::Sub(place.end, place.begin);
    for (int k = 0; k < count_; ++k) {
      const Words cut = hn::Load(d, cut_[k]);
      hn::Store(hn::Sub(cut, hn::IfThenElseZero(hn::Gt(cut, on_cut), width)), d, cut_[k]);
    }
    hn::Store(hn::Sub(on_cut, hn::Sub(position, place.begin)), d, cut_[count_]);
    hn::Store(width, d, width_[count_]);
    hn::StoreU(place.point, IndexTag(), points);
    left_ = hn::Sub(left_, width);
    ++count_;
  }

 private:
  struct Place {
    Index point;
    Words begin, end;
  };

  PROPNP_INLINE static Words high_product(const Words& a, const Words& b) {
#if HWY_TARGET == HWY_SCALAR
    return Words(static_cast<uint32_t>(uint64_t{hn::GetLane(a)} * hn::GetLane(b) >> 32));
#else
    const Tag d;
    const hn::RepartitionToWide<Tag> wide;
    const auto odd = [&](const Words& words) {
      return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, words)));
    };
    return hn::OddEven(hn::BitCast(d, hn::MulEven(odd(a), odd(b))),
                       hn::BitCast(d, hn::ShiftRight<32>(hn::MulEven(a, b))));
#endif
  }

  PROPNP_INLINE Place locate(const Words& position) const {
    const Tag d;
    const IndexTag di;
    const Words cell = hn::ShiftRightSame(position, line_.cell_shift);
    Index point = hn::GatherIndex(di, line_.guide, hn::BitCast(di, cell));
    Words begin = hn::GatherIndex(d, line_.begin, point);
    Words end = hn::GatherIndex(d, line_.begin + 1, point);
    for (;;) {
      const Words next = hn::GatherIndex(d, line_.begin + 2, point);
      const auto inside = hn::Lt(position, end);
      const Words step = hn::IfThenZeroElse(inside, hn::Set(d, 1));
      point = hn::Add(point, hn::BitCast(di, step));
      begin = hn::IfThenElse(inside, begin, end);
      end = hn::IfThenElse(inside, end, next);
      if (hn::AllTrue(d, hn::Lt(position, end))) return {point, begin, end};
    }
  }

  const WeightLine& line_;
  Words left_;  // of the line
  int count_ = 0;
  alignas(kColumnAlignment) uint32_t width_[PROPNP_MAX_START_POINTS][kSize];
  alignas(kColumnAlignment) uint32_t cut_[PROPNP_MAX_START_POINTS][kSize];
};

// Of two registers of starts in turn: each step of one waits for the one before.
void draw_subsets(const WeightLine& line, const StartStream& stream, int first, int num_groups,
                  int count, int32_t* points) {
  constexpr int kMostBlocks = PROPNP_MAX_START_POINTS / 4;
  GroupWords words[kGroupsAtOnce][kMostBlocks];
  for (int g = 0; g < num_groups; ++g) {
    const uint32_t begin = first_subset_block(first + g * kStartLanes);
    for (int block = 0; 4 * block < count; ++block) {
      random_words_of_group(stream, RandomPurpose::kStartSubset, begin + block,
                            first_subset_block(1), &words[g][block]);
    }
  }
  const int num_starts = num_groups * kStartLanes;
  for (int start = 0; start < num_starts; start += 2 * LaneSubsets::kSize) {
    LaneSubsets subsets[2] = {LaneSubsets(line), LaneSubsets(line)};
    for (int k = 0; k < count; ++k) {
      for (int i = 0; i < 2; ++i) {
        const int at = start + i * LaneSubsets::kSize;
        if (at >= num_starts) break;
        const int group = at / kStartLanes, lane = at % kStartLanes;
        subsets[i].draw(words[group][k / 4].word[k % 4] + lane,
                        points + (group * count + k) * kStartLanes + lane);
      }
    }
  }
}

void draw_rotations(int dof, const StartStream& stream, int first, const float* axis,
                    StartState* state) {
  GroupWords words;
  random_words_of_group(stream, RandomPurpose::kStartRotation, static_cast<uint32_t>(first), 1,
                        &words);
  alignas(kColumnAlignment) float uniform[3][kStartLanes];
  for (int k = 0; k < 3; ++k) {
    for (int lane = 0; lane < kStartLanes; ++lane) {
      uniform[k][lane] = float_uniform_from_word(words.word[k][lane]);
    }
  }
  for (int lane = 0; lane < kStartLanes; lane += F::kSize) {
    const F u = F::load(uniform[0] + lane), a = F::load(uniform[1] + lane),
            b = F::load(uniform[2] + lane);
    const F yaw = yaw_from_uniform(a);
    Quaternion<F> q;
    if (dof == 6) {
      q = rotation_from_uniforms(u, a, b);
    } else {
      const F half = F(0.5f) * yaw, sine = sin(half);
      q = {cos(half), sine * F(axis[0]), sine * F(axis[1]), sine * F(axis[2])};
    }
    const F parts[4] = {q.w, q.x, q.y, q.z};
    for (int k = 0; k < 4; ++k) parts[k].store_unaligned(state->quaternion[k] + lane);
    yaw.store_unaligned(state->yaw + lane);
  }
}

void gather_points(const float* all, StartPointForm form, const int32_t* chosen, int count,
                   float* of_starts) {
  const F::Tag d;
  const hn::RebindToSigned<F::Tag> di;
  constexpr int kNumbers = kStartPointNumbers * kStartLanes;
  const int num_numbers = NumStartPointNumbers(form);
  for (int k = 0; k < count; ++k) {
    for (int lane = 0; lane < kStartLanes; lane += F::kSize) {
      const auto point = hn::LoadU(di, chosen + k * kStartLanes + lane);
      const auto begin = hn::AndNot(hn::Set(di, kPointPadding - 1), point);
      const auto index = hn::Add(hn::Mul(begin, hn::Set(di, kStartPointNumbers - 1)), point);
      float* out = of_starts + k * kNumbers + lane;
      for (int n = 0; n < num_numbers; ++n) {
        hn::StoreU(hn::GatherIndex(d, all + n * kPointPadding, index), d, out + n * kStartLanes);
      }
    }
  }
  for (int64_t k = count * kNumbers; k < SizeOfOwnPoints(count); ++k) of_starts[k] = 0;
}

}  // namespace

extern const StartDrawKernels kStartDrawKernels;
const StartDrawKernels kStartDrawKernels = {draw_subsets, draw_rotations, gather_points};

PROPNP_MATH_END
