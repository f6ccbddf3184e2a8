// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set.
#include "propnp/engine/kernels/start_draw_kernels.h"

#include "propnp/engine/args.h"
#include "propnp/engine/kernels/lane_pairs.h"
#include "propnp/engine/start_words.h"
#include "propnp/math/philox.h"
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
class GroupWords {
 public:
  alignas(kColumnAlignment) uint64_t word[4][kStartLanes];

  PROPNP_INLINE uint32_t at(int k, int lane) const { return static_cast<uint32_t>(word[k][lane]); }

  // uniform_from_word() of starts.
  PROPNP_INLINE LanePair<double> uniforms(int k, int lane) const {
    return {uniform(k, lane), uniform(k, lane + D::kSize)};
  }

 private:
  PROPNP_INLINE D uniform(int k, int lane) const {
    const LaneWord::Tag d;
    const hn::RebindToSigned<LaneWord::Tag> di;
    const auto low = hn::And(hn::Load(d, word[k] + lane), hn::Set(d, 0xffffffffu));
    return (D(hn::ConvertTo(D::Tag(), hn::BitCast(di, low))) + D(0.5)) * D(0x1p-32);
  }
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

// The points that the starts of a group have chosen so far, by where they lie on the line. Sums
// over them go from the first to the last, so that every instruction set rounds alike.
struct ChosenPoints {
  int count = 0;
  alignas(kColumnAlignment) double begin[PROPNP_MAX_START_POINTS][kStartLanes];
  alignas(kColumnAlignment) double weight[PROPNP_MAX_START_POINTS][kStartLanes];
  alignas(kColumnAlignment) double sum[kStartLanes] = {};  // of the weights
};

// Line and taken points of math/weighted_subset.h for one start, where rounding leads to a point
// that is taken or has no weight.
class GuidedLine {
 public:
  explicit GuidedLine(const WeightLine& line) : line_(line) {}

  int64_t num_points() const { return line_.num_points; }
  double begin(int64_t i) const { return line_.begin[i]; }
  int64_t find(double position) const {
    const int64_t last = line_.num_points - 1;
    const auto cell = static_cast<int64_t>(position * line_.cells_per_weight);
    int64_t i = line_.guide[cell < line_.num_cells ? cell : line_.num_cells - 1];
    while (line_.begin[i] > position) --i;  // rounding of the cell
    while (i < last && line_.begin[i + 1] <= position) ++i;
    return i;
  }

 private:
  const WeightLine& line_;
};
class ChosenOfStart {
 public:
  ChosenOfStart(const WeightLine& line, const ChosenPoints& chosen, int lane)
      : line_(line), chosen_(chosen), lane_(lane) {}

  int count() const { return chosen_.count; }
  bool contains(int64_t index) const {
    bool found = false;
    for (int k = 0; k < count(); ++k) found |= chosen_.begin[k][lane_] == line_.begin[index];
    return found;
  }
  double weight_before(double position) const {
    return weight_of([&](double begin) { return begin < position; });
  }
  double weight_up_to(double position) const {
    return weight_of([&](double begin) { return begin <= position; });
  }

 private:
  // The weight of the chosen that are(begin).
  template <typename Are>
  double weight_of(const Are& are) const {
    double sum = 0;
    for (int k = 0; k < count(); ++k)
      sum += are(chosen_.begin[k][lane_]) ? chosen_.weight[k][lane_] : 0;
    return sum;
  }

  const WeightLine& line_;
  const ChosenPoints& chosen_;
  const int lane_;
};

// Points for two registers of starts, without replacement.
class PairDraw {
  using Tag = D::Tag;
  using Indices = hn::RebindToSigned<Tag>;
  using Narrow = hn::Rebind<int32_t, Tag>;
  using Pair = LanePair<double>;
  using Mask = LanePairMask<double>;

 public:
  // Those of the starts lane, lane + 1, ... of a group.
  PairDraw(const WeightLine& line, int lane, ChosenPoints* chosen)
      : line_(line), lane_(lane), chosen_(*chosen) {}

  // One more point, by a uniform number; adds it to the chosen.
  PROPNP_INLINE void draw(const Pair& uniform, int32_t* points) {
    const Pair position = uniform * Pair(line_.begin[line_.num_points]);
    Place place = locate(position);
    Mask failed = !(place.begin < place.end);
    const Mask taken = is_chosen(place.begin);
    if (any(taken)) {
      place = locate(select(taken, past_chosen(position, place.begin), position));
      failed = failed | (taken & is_chosen(place.begin)) | !(place.begin < place.end);
    }
    if (any(failed)) place = draw_again(failed, position, place);
    store(place, points);
  }

 private:
  using Index = hn::Vec<Indices>;
  struct Place {
    Index first, second;  // the points
    Pair begin, end;
  };

  PROPNP_INLINE void store(const Place& place, int32_t* points) {
    const Pair weight = place.end - place.begin;
    place.begin.store(chosen_.begin[chosen_.count] + lane_);
    weight.store(chosen_.weight[chosen_.count] + lane_);
    (Pair::load(chosen_.sum + lane_) + weight).store(chosen_.sum + lane_);
    alignas(kColumnAlignment) int64_t index[Pair::kSize];
    hn::Store(place.first, Indices(), index);
    hn::Store(place.second, Indices(), index + D::kSize);
    for (int i = 0; i < Pair::kSize; ++i) points[lane_ + i] = static_cast<int32_t>(index[i]);
  }

  // The starts that rounding has led astray, one by one.
  Place draw_again(const Mask& failed, const Pair& position, const Place& place) const {
    alignas(kColumnAlignment) double positions[Pair::kSize], flags[Pair::kSize];
    alignas(kColumnAlignment) int64_t index[Pair::kSize];
    position.store(positions);
    select(failed, Pair(1.0), Pair(0.0)).store(flags);
    hn::Store(place.first, Indices(), index);
    hn::Store(place.second, Indices(), index + D::kSize);
    for (int i = 0; i < Pair::kSize; ++i) {
      if (flags[i] == 0) continue;
      const ChosenOfStart chosen(line_, chosen_, lane_ + i);
      index[i] =
          draw_weighted_point(GuidedLine(line_), chosen, positions[i], chosen_.sum[lane_ + i]);
    }
    return place_of(hn::Load(Indices(), index), hn::Load(Indices(), index + D::kSize));
  }

  // As draw_weighted_point(): where a position leads that fell into a chosen point that starts at
  // `begin`.
  PROPNP_INLINE Pair past_chosen(const Pair& position, const Pair& begin) const {
    const Pair before = position - begin + weight_of([&](const Pair& b) { return b < begin; });
    const Pair sum = Pair::load(chosen_.sum + lane_), total(line_.begin[line_.num_points]);
    const Pair on_rest = before / sum * (total - sum);
    Pair moved = on_rest;
    for (int round = 0; round < chosen_.count; ++round) {
      const Pair next = on_rest + weight_of([&](const Pair& b) { return !(moved < b); });
      if (!any(moved < next)) break;
      moved = max(moved, next);
    }
    return moved;
  }

  PROPNP_INLINE Mask is_chosen(const Pair& begin) const {
    Mask found = begin < begin;
    for (int k = 0; k < chosen_.count; ++k) {
      found = found | equal(Pair::load(chosen_.begin[k] + lane_), begin);
    }
    return found;
  }
  PROPNP_INLINE static Mask equal(const Pair& a, const Pair& b) {
    return {{hn::Eq(a.first.v, b.first.v)}, {hn::Eq(a.second.v, b.second.v)}};
  }

  // The weight of the chosen that are(begin).
  template <typename Are>
  PROPNP_INLINE Pair weight_of(const Are& are) const {
    Pair sum(0.0);
    for (int k = 0; k < chosen_.count; ++k) {
      const Mask mask = are(Pair::load(chosen_.begin[k] + lane_));
      sum = sum + select(mask, Pair::load(chosen_.weight[k] + lane_), Pair(0.0));
    }
    return sum;
  }

  PROPNP_INLINE static Pair gather(const double* from, const Index& first, const Index& second) {
    return {D(hn::GatherIndex(Tag(), from, first)), D(hn::GatherIndex(Tag(), from, second))};
  }
  PROPNP_INLINE Place place_of(const Index& first, const Index& second) const {
    return {first, second, gather(line_.begin, first, second),
            gather(line_.begin + 1, first, second)};
  }

  PROPNP_INLINE Index guess(const D& position) const {
    const D cell =
        min(position * D(line_.cells_per_weight), D(static_cast<double>(line_.num_cells - 1)));
    return hn::PromoteTo(Indices(),
                         hn::GatherIndex(Narrow(), line_.guide, hn::DemoteTo(Narrow(), cell.v)));
  }

  // index + 1 where up, index - 1 where down.
  PROPNP_INLINE static Index moved(const Index& index, const LaneMask<double>& up,
                                   const LaneMask<double>& down) {
    const Indices di;
    const Index one = hn::Set(di, 1);
    return hn::Sub(hn::Add(index, hn::IfThenElseZero(hn::RebindMask(di, up.m), one)),
                   hn::IfThenElseZero(hn::RebindMask(di, down.m), one));
  }

  PROPNP_INLINE Mask before_last(const Place& place) const {
    const Index last = hn::Set(Indices(), line_.num_points - 1);
    return {{hn::RebindMask(Tag(), hn::Lt(place.first, last))},
            {hn::RebindMask(Tag(), hn::Lt(place.second, last))}};
  }

  // The points at some positions. One without weight only where a position lies beyond the last.
  PROPNP_INLINE Place locate(const Pair& position) const {
    for (Place place = place_of(guess(position.first), guess(position.second));;) {
      const Mask down = position < place.begin;
      const Mask up = before_last(place) & !(position < place.end);
      if (!any(down | up)) return place;
      place = place_of(moved(place.first, up.first, down.first),
                       moved(place.second, up.second, down.second));
    }
  }

  const WeightLine& line_;
  const int lane_;
  ChosenPoints& chosen_;
};

void draw_subsets(const WeightLine& line, const StartStream& stream, int first, int count,
                  int32_t* points) {
  GroupWords words{};
  ChosenPoints chosen;
  for (; chosen.count < count; ++chosen.count) {
    const int k = chosen.count;
    if (k % 4 == 0) {
      words = random_words_of_group(stream, RandomPurpose::kStartSubset,
                                    first_subset_block(first) + k / 4, first_subset_block(1));
    }
    for (int lane = 0; lane < kStartLanes; lane += LanePair<double>::kSize) {
      PairDraw(line, lane, &chosen).draw(words.uniforms(k % 4, lane), points + k * kStartLanes);
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
  constexpr int kNumbers = kStartPointNumbers * kStartLanes;
  for (int k = 0; k < count; ++k) {
    for (int lane = 0; lane < kStartLanes; lane += F::kSize) {
      const auto index =
          hn::Mul(hn::LoadU(di, chosen + k * kStartLanes + lane), hn::Set(di, kStartPointNumbers));
      float* out = of_starts + k * kNumbers + lane;
      for (int n = 0; n < kStartPointNumbers; ++n) {
        hn::StoreU(hn::GatherIndex(d, all + n, index), d, out + n * kStartLanes);
      }
    }
  }
  for (int k = 0; k < count % 2 * kNumbers; ++k) of_starts[count * kNumbers + k] = 0;
}

}  // namespace

extern const StartDrawKernels kStartDrawKernels;
const StartDrawKernels kStartDrawKernels = {draw_subsets, draw_rotations, gather_points};

PROPNP_MATH_END
