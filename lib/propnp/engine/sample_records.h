// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The samples of one object as the loops over its points take them: records of how far each is from
// the mode in whose chart it was drawn. Costs, scores and the gradient go through them, mode by
// mode.
#ifndef PROPNP_ENGINE_SAMPLE_RECORDS_H_
#define PROPNP_ENGINE_SAMPLE_RECORDS_H_

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "propnp/engine/importance_weights.h"
#include "propnp/engine/posterior_samples.h"

namespace propnp {

template <int kDof, typename T>
class SampleRecords {
 public:
  // `modes` are those of the samples, turning about `pivot`; all must outlive this.
  SampleRecords(const ObjectCost<kDof, double>& cost, const Vec3<double>& pivot,
                const PosteriorMode<kDof>* modes, DrawnSamples<kDof>* drawn,
                SampleColumns<kDof, T>* samples, BaseObject<T>* base)
      : cost_(cost),
        pivot_(pivot),
        modes_(modes),
        drawn_(*drawn),
        samples_(*samples),
        base_(*base) {}

  const ObjectCost<kDof, double>& cost() const { return cost_; }

  // Fills in the costs of the samples there are, prior included.
  void EvaluateCosts(int num_modes) {
    ForEachMode(num_modes, [&](int m, int64_t begin, int64_t count) {
      Fill(m);
      base_.Costs(At(begin), count, in_front_[m], begin, samples_.value);
      place_[m] = begin;
      for (int64_t k = 0; k < count; ++k) {
        samples_.cost[samples_.order[begin + k]] = samples_.value[k];
      }
    });
    const PriorDensity<double>& prior = cost_.object().prior;
    if (!prior.active()) return;
    drawn_.FillPoses();
    for (int64_t s = drawn_.begin_of(0); s < drawn_.begin_of(num_modes); ++s) {
      samples_.cost[s] += prior.cost(cost_.dof(), drawn_.pose(s));
    }
  }

  // Makes the records of the samples that mode m has now; its base must be the last one used.
  void Fill(int m) {
    const int64_t begin = drawn_.begin_of(m), end = drawn_.begin_of(m + 1);
    const RecordBounds bounds = GetRecordKernels<T>().fill(kDof, drawn_.chart(m), m, begin, end,
                                                           drawn_.columns(), samples_.records);
    std::iota(samples_.order + begin, samples_.order + end, static_cast<int32_t>(begin));
    int64_t front = begin, back = end;
    if (base_.InFront(bounds)) front = end;
    while (front < back) {
      if (base_.InFront(At(front))) {
        ++front;
        continue;
      }
      std::swap_ranges(At(front), At(front + 1), At(--back));
      std::swap(samples_.order[front], samples_.order[back]);
    }
    in_front_[m] = front - begin;
    place_[m] = kNoPlace;
  }

  // The points' part of the scores, in the order of the records.
  void EvaluateScores(int num_modes) {
    ForEachMode(num_modes, [&](int m, int64_t begin, int64_t count) {
      base_.Scores(At(begin), count, in_front_[m], samples_.score + begin * kScore);
    });
  }

  // Adds d log Z = -sum_s weight_s d cost_s.
  void AddGradient(int num_modes, ObjectGradient* gradient) {
    ForEachMode(num_modes, [&](int m, int64_t begin, int64_t count) {
      ChosenRecords chosen = {samples_.chosen, 0, 0};
      chosen.in_front = Choose(begin, 0, in_front_[m], 0);
      chosen.count = Choose(begin, in_front_[m], count, chosen.in_front);
      base_.AddGradient(At(begin), chosen, place_[m], gradient);
    });
  }

  // Adds d cost at a pose. The records are gone after that.
  void AddCostGradient(const double* pose, ObjectGradient* gradient) {
    const Vec3<double> zero{0, 0, 0};
    FillRecord(zero, zero, 1, samples_.records);
    base_.Set(cost_, pose, pivot_);
    base_mode_ = -1;
    const int32_t first = 0;
    const ChosenRecords chosen = {&first, 1, base_.InFront(samples_.records) ? 1 : 0};
    base_.AddGradient(samples_.records, chosen, kNoPlace, gradient);
  }

 private:
  T* At(int64_t k) const { return samples_.records + k * kSampleRecord; }

  // Puts the base at every mode that has samples, first where it is already: visit(mode, its first
  // sample, how many).
  template <typename Visit>
  void ForEachMode(int num_modes, const Visit& visit) {
    const int start = std::max(base_mode_, 0);
    for (int i = 0; i < num_modes; ++i) {
      const int m = (start + i) % num_modes;
      const int64_t begin = drawn_.begin_of(m), count = drawn_.begin_of(m + 1) - begin;
      if (count == 0) continue;
      SetBase(m);
      visit(m, begin, count);
    }
  }

  // The object as mode m sees it.
  void SetBase(int m) {
    if (base_mode_ == m) return;
    base_.Set(cost_, modes_[m].pose, pivot_);
    base_mode_ = m;
  }

  // Of the records [from, to) behind `begin`, appends those that count in a gradient to the `count`
  // chosen ones and gives them their weights; returns how many there are now. The others weigh less
  // together than rounding loses in the sum, and are slow where they are denormal.
  int64_t Choose(int64_t begin, int64_t from, int64_t to, int64_t count) {
    const double least =
        std::numeric_limits<T>::epsilon() / (4.0 * static_cast<double>(drawn_.size()));
    for (int64_t k = from; k < to; ++k) {
      const double weight = -samples_.gradient_weight[samples_.order[begin + k]];
      At(begin + k)[kRecordWeight] = static_cast<T>(weight);
      samples_.chosen[count] = static_cast<int32_t>(k);
      count += std::fabs(weight) < least ? 0 : 1;
    }
    return count;
  }

  const ObjectCost<kDof, double>& cost_;
  const Vec3<double> pivot_;
  const PosteriorMode<kDof>* const modes_;
  DrawnSamples<kDof>& drawn_;
  SampleColumns<kDof, T>& samples_;
  BaseObject<T>& base_;
  int base_mode_ = -1;                       // that the base object is set to
  int64_t in_front_[PROPNP_MAX_MODES] = {};  // of each mode's records
  int64_t place_[PROPNP_MAX_MODES] = {};     // of their roots
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_SAMPLE_RECORDS_H_
