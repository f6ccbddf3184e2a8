// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// How the posterior's mass divides among its modes: a mode has that of the samples whose descent
// ends there. Samples that descend are drawn by their plain weights; each counts by how much the
// control variates correct its own.
#ifndef PROPNP_ENGINE_MODE_MASSES_H_
#define PROPNP_ENGINE_MODE_MASSES_H_

#include <algorithm>

#include "propnp/engine/drawn_samples.h"
#include "propnp/engine/object_symmetries.h"
#include "propnp/engine/posterior_summary_output.h"
#include "propnp/engine/prior_gradient.h"

namespace propnp {

// What is found of one object's posterior, samples and gradient apart.
struct PosteriorResult {
  double log_evidence, standard_error, ess, khat, cost_target;
  int mode_count;
  double mode_probability[PROPNP_MAX_MODES];  // as the sampler numbers modes: lowest cost first
  int mode_order[PROPNP_MAX_MODES];           // most probable first
  int num_modes;
  int stages;
  BasinDraws basins;
  PriorGradient<double> prior_gradient;
  RangeGradient range_gradient;
  double relative_delta_gradient;
  uint32_t status;
};

template <int kDof>
class ModeMasses {
 public:
  // Counts the modes. `result` is filled in by all of these.
  ModeMasses(const PosteriorMode<kDof>* modes, int num_modes, PosteriorResult* result)
      : modes_(modes), result_(*result) {
    result_.num_modes = num_modes;
    for (int m = 0; m < num_modes; ++m) result_.mode_count += modes[m].converged;
    if (result_.mode_count > 1) result_.status |= PROPNP_STATUS_MULTI_MODAL;
  }

  // A draw belongs to the Gaussian that it comes from; their probabilities are known.
  void TakeGaussians(const DrawnSamples<kDof>& drawn) {
    for (int64_t k = 0; result_.mode_count > 1 && k < kDescents; ++k) {
      const int64_t s = (2 * k + 1) * drawn.size() / (2 * kDescents);
      int m = 0;
      while (s >= drawn.begin_of(m + 1)) ++m;
      result_.basins.Add(s, m);
    }
  }

  // Fills in the probabilities by descents from draws of equal weight; `corrected` are the weights
  // with control variates.
  void Descend(const ObjectCost<kDof, double>& cost, const propnp_solve_options& options,
               const double* weights, const double* corrected, DrawnSamples<kDof>* drawn) {
    const int num_modes = result_.num_modes;
    if (result_.mode_count <= 1) {
      // All descents end in the one minimum there is; it has the lowest cost.
      for (int m = 0; m < num_modes; ++m) result_.mode_probability[m] = m == ModeOfAll() ? 1 : 0;
      return;
    }
    drawn->FillPoses();
    double cumulative = 0;
    int taken = 0;
    // Systematic resampling: the k-th descent starts where the weight passes (k + 1/2) / kDescents.
    for (int64_t s = 0; s < drawn->size(); ++s) {
      cumulative += weights[s];
      int repeats = 0;
      while (taken < kDescents && cumulative * kDescents >= taken + 0.5) ++taken, ++repeats;
      if (repeats == 0) continue;
      const int m = DescendToMode(cost, options, drawn->pose(s), modes_, num_modes);
      result_.mode_probability[m] += repeats * (corrected[s] / weights[s]);
      for (; repeats > 0; --repeats) result_.basins.Add(s, m);
    }
    normalize_masses(num_modes, result_.mode_probability);
  }

  void Order() {
    for (int m = 0; m < result_.num_modes; ++m) result_.mode_order[m] = m;
    Sort();
  }

  // Leaves one mode of those that are equal up to a symmetry of the object: that nearest to
  // `target`, or to the most probable mode where that is null.
  void Fold(const ObjectSymmetries<kDof>& symmetries, const DofPolicy<kDof>& dof,
            const double* target) {
    if (symmetries.empty()) return;
    PosteriorResult& r = result_;
    int representative[PROPNP_MAX_MODES], kept = 0;
    FoldModes(
        dof, modes_, r.num_modes,
        [&](int n, int m) { return symmetries.DistanceToImage(modes_[n], modes_[m]); },
        target ? target : modes_[r.mode_order[0]].pose, representative);
    r.mode_count = 0;
    for (int m = 0; m < r.num_modes; ++m) {
      if (representative[m] == m) {
        r.mode_order[kept++] = m;
        r.mode_count += modes_[m].converged;
      } else {
        r.mode_probability[representative[m]] += r.mode_probability[m];
      }
    }
    for (int k = 0; k < r.basins.count; ++k) r.basins.mode[k] = representative[r.basins.mode[k]];
    r.num_modes = kept;
    if (r.mode_count <= 1) r.status &= ~static_cast<uint32_t>(PROPNP_STATUS_MULTI_MODAL);
    Sort();
  }

 private:
  // The converged mode if there is one, or the best.
  int ModeOfAll() const {
    for (int m = 0; m < result_.num_modes; ++m) {
      if (modes_[m].converged) return m;
    }
    return 0;
  }

  // Most probable first, of equals that of lowest cost. A stable sort would allocate.
  void Sort() {
    const double* probability = result_.mode_probability;
    std::sort(result_.mode_order, result_.mode_order + result_.num_modes, [&](int a, int b) {
      return probability[a] > probability[b] || (probability[a] == probability[b] && a < b);
    });
  }

  const PosteriorMode<kDof>* const modes_;
  PosteriorResult& result_;
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_MODE_MASSES_H_
