// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The sampler, one object at a time; SampleValid() reads as the algorithm.
#ifndef PROPNP_ENGINE_OBJECT_SAMPLER_H_
#define PROPNP_ENGINE_OBJECT_SAMPLER_H_

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/control_variates.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/mixture_proposal.h"
#include "propnp/engine/pareto_smoothing.h"
#include "propnp/engine/posterior_modes.h"
#include "propnp/engine/posterior_samples.h"
#include "propnp/engine/proposal_refit.h"
#include "propnp/engine/random_starts.h"
#include "propnp/math/philox.h"
#include "propnp/math/quantile.h"
#include "propnp/math/sobol.h"

namespace propnp {

// The samples of one object, in the order of their components.
template <int kDof, typename T>
struct SampleColumns {
  double* xi;               // (S, modes, D): every sample in every mode's chart
  double* pose;             // (S, 7)
  int32_t* component;       // (S) never decreasing
  double* cost;             // (S), prior included
  double* log_density;      // (S) of the proposal
  double* log_weight;       // (S) -cost - log_density
  double* coefficient;      // (S) of the control variates
  double* plain_weight;     // (S) normalised importance weights
  double* gradient_weight;  // (S) the same corrected by control variates; may be negative
  double* value;            // (S) scratch
  double* design;           // (S, ControlVariates::kMaxColumns)
  T* records;               // (S, kSampleRecord), one mode at a time
  int32_t* order;           // (S) the sample of each record

  static SampleColumns Allocate(int64_t s, Arena* arena) {
    SampleColumns c = {};
    c.xi = arena->Take<double>(s * PROPNP_MAX_MODES * kDof);
    c.pose = arena->Take<double>(s * 7);
    c.component = arena->Take<int32_t>(s);
    c.cost = arena->Take<double>(s);
    c.log_density = arena->Take<double>(s);
    c.log_weight = arena->Take<double>(s);
    c.coefficient = arena->Take<double>(s);
    c.plain_weight = arena->Take<double>(s);
    c.gradient_weight = arena->Take<double>(s);
    c.value = arena->Take<double>(s);
    c.design = arena->Take<double>(s * ControlVariates<kDof>::kMaxColumns);
    c.records = arena->Take<T>(s * kSampleRecord);
    c.order = arena->Take<int32_t>(s);
    return c;
  }
};

template <int kDof, typename T>
struct SamplerScratch {
  PackedObject<double> object;
  StartWorkspace<double> starts;
  PosteriorMode<kDof>* modes;
  ProposalComponent<kDof>* components;
  SampleColumns<kDof, T> samples;
  ProposalRefit<kDof> refit;
  BaseObject<T> base;
  ObjectGradient gradient;

  static SamplerScratch Allocate(const Problem& problem, const propnp_sample_args& args,
                                 Arena* arena) {
    const int64_t s = args.options->num_samples;
    return {PackedObject<double>::Allocate(problem, arena),
            StartWorkspace<double>::Allocate(problem, *args.start_options, arena),
            arena->Take<PosteriorMode<kDof>>(PROPNP_MAX_MODES),
            arena->Take<ProposalComponent<kDof>>(MixtureProposal<kDof>::kMaxComponents),
            SampleColumns<kDof, T>::Allocate(s, arena),
            ProposalRefit<kDof>::Allocate(s, arena),
            BaseObject<T>::Allocate(problem, s, arena),
            ObjectGradient::Allocate(problem, arena)};
  }
};

// log sum exp(values).
inline double LogSumExp(const double* values, int64_t count) {
  const double highest = *std::max_element(values, values + count);
  if (!(highest > -HUGE_VAL)) return -HUGE_VAL;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(values[i] - highest);
  return highest + std::log(sum);
}

struct PosteriorResult {
  double log_evidence, standard_error, ess, khat, cost_target;
  int mode_count;
  double mode_probability[PROPNP_MAX_MODES];  // as the sampler numbers modes: lowest cost first
  int mode_order[PROPNP_MAX_MODES];           // most probable first
  int num_modes;
  uint32_t status;
};

// Samples one object.
template <int kDof, typename T>
class ObjectSampler {
 public:
  ObjectSampler(const Problem& problem, const propnp_sample_args& args,
                const PreparedCamera<double>* cameras, int64_t index,
                SamplerScratch<kDof, T>* scratch)
      : problem_(problem),
        args_(args),
        options_(*args.options),
        cameras_(cameras),
        index_(index),
        scratch_(*scratch),
        samples_(scratch->samples),
        num_samples_(args.options->num_samples) {
    seed_ = options_.seed_pointer ? *options_.seed_pointer : options_.seed;
  }

  void Run() {
    result_ = {};
    PackedObject<double>& object = scratch_.object;
    object.Gather(problem_, cameras_, index_);
    result_.status = object.status;
    if (!LoadTarget()) result_.status |= PROPNP_STATUS_NON_FINITE_INPUT;
    if (result_.status == 0) SampleValid(ObjectCost<kDof, double>(object));
  }

  const PosteriorResult& result() const { return result_; }

 private:
  void SampleValid(const ObjectCost<kDof, double>& cost) {
    const int num_modes = FindObjectModes(cost);
    if (num_modes == 0) {
      result_.status |= PROPNP_STATUS_NON_FINITE_INPUT;
      return;
    }
    MixtureProposal<kDof> proposal(scratch_.modes, num_modes, scratch_.components);
    Sample(cost, proposal);
    if (result_.ess < options_.second_stage_ess &&
        scratch_.refit.Run(samples_.xi, samples_.plain_weight, num_samples_, &proposal)) {
      ++stage_;
      Sample(cost, proposal);
    }
    if (!std::isfinite(result_.log_evidence)) {
      result_.status |= PROPNP_STATUS_NON_FINITE_INPUT;
      return;
    }
    Diagnose();
    ModeProbabilities(cost, num_modes);
    OrderModes();
    if (has_target_) result_.cost_target = cost.Cost(target_);
    if (WantsGradient()) ComputeGradient(cost, proposal);
  }

  void Sample(const ObjectCost<kDof, double>& cost, const MixtureProposal<kDof>& proposal) {
    DrawSamples(cost.dof(), proposal);
    EvaluateCosts(cost, proposal);
    Weigh(proposal);
  }

  bool LoadTarget() {
    has_target_ = IsGiven(args_.pose_target);
    return !has_target_ || LoadPose<kDof>(args_.pose_target, index_, target_);
  }

  int FindObjectModes(const ObjectCost<kDof, double>& cost) {
    StartPose<double>* starts = scratch_.starts.starts;
    int count = MakeRandomStarts(cost, *args_.start_options, seed_, problem_.ObjectId(index_),
                                 &scratch_.starts);
    if (has_target_) InsertStart(cost, target_, count++, starts);
    pivot_ = WeightedCentroid(cost.object());
    return FindModes(cost, *args_.start_options, pivot_, starts, count, scratch_.modes);
  }

  void FillNoise(int64_t s, const SobolScramble& scramble, SampleNoise<kDof>* noise) const {
    uint32_t words[8];
    const uint32_t index = static_cast<uint32_t>(s);
    const uint64_t id = problem_.ObjectId(index_);
    if (options_.method == PROPNP_SAMPLER_MIXTURE_MC) {
      for (uint32_t half = 0; half < 2; ++half) {
        const PhiloxWords random =
            random_words(seed_, id, RandomPurpose::kSample, 2 * index + half);
        std::copy(random.word, random.word + 4, words + 4 * half);
      }
    } else {
      for (int d = 0; d < 8; ++d) words[d] = scrambled_sobol_word(index, d, scramble);
    }
    for (int i = 0; i < kDof; ++i)
      noise->normal[i] = normal_quantile(symmetric_uniform<double>(words[i]));
    noise->chi_square = chi_square_4_quantile(symmetric_uniform<double>(words[6]));
    noise->choice = uniform_from_word(words[7]);
  }

  // Draws all samples, then orders them by component (counting sort; `pose` and `xi` are filled in
  // that order).
  void DrawSamples(const DofPolicy<kDof>& dof, const MixtureProposal<kDof>& proposal) {
    const SobolScramble scramble =
        sobol_scramble(seed_ + 0x9E3779B97F4A7C15ull * stage_, problem_.ObjectId(index_));
    const int modes = proposal.num_modes();
    int64_t next[PROPNP_MAX_MODES + 1] = {};
    SampleNoise<kDof> noise;
    double own_xi[kDof];
    for (int64_t s = 0; s < num_samples_; ++s) {
      FillNoise(s, scramble, &noise);
      ++next[proposal.Draw(noise, own_xi) + 1];
    }
    for (int m = 0; m < modes; ++m) next[m + 1] += next[m];
    std::copy(next, next + modes + 1, component_begin_);
    for (int64_t s = 0; s < num_samples_; ++s) {
      FillNoise(s, scramble, &noise);
      const int m = proposal.Draw(noise, own_xi);
      const int64_t slot = next[m]++;
      samples_.component[slot] = m;
      double* pose = samples_.pose + 7 * slot;
      proposal.mode(m).chart.pose_from(dof, own_xi, pose);
      double(*xi)[kDof] = XiOf(slot, modes);
      for (int other = 0; other < modes; ++other) {
        if (other == m) {
          std::copy(own_xi, own_xi + kDof, xi[other]);
        } else {
          proposal.mode(other).chart.from_pose(dof, pose, xi[other]);
        }
      }
      samples_.log_density[slot] = proposal.LogDensity(xi);
    }
  }

  double (*XiOf(int64_t slot, int modes) const)[kDof] {
    return reinterpret_cast<double(*)[kDof]>(samples_.xi + slot * modes * kDof);
  }

  // The records of mode m's samples, those in front of the cameras first; order_[k] is the sample
  // of the k-th record. Returns how many are in front.
  int64_t FillRecords(int m, int modes) {
    const int64_t begin = component_begin_[m], count = component_begin_[m + 1] - begin;
    int64_t front = 0, back = count;
    for (int64_t s = begin; s < begin + count; ++s) {
      const PivotDisplacement<double> moved =
          scratch_.modes[m].chart.displacement(XiOf(s, modes)[m]);
      T record[kSampleRecord];
      FillRecord(moved.shift, moved.theta, samples_.gradient_weight[s], record);
      const int64_t k = scratch_.base.InFront(record) ? front++ : --back;
      std::copy(record, record + kSampleRecord, samples_.records + k * kSampleRecord);
      samples_.order[k] = static_cast<int32_t>(s);
    }
    return front;
  }

  void EvaluateCosts(const ObjectCost<kDof, double>& cost, const MixtureProposal<kDof>& proposal) {
    const int modes = proposal.num_modes();
    std::fill(samples_.gradient_weight, samples_.gradient_weight + num_samples_, 0.0);
    for (int m = 0; m < modes; ++m) {
      const int64_t count = component_begin_[m + 1] - component_begin_[m];
      if (count == 0) continue;
      scratch_.base.Set(cost, proposal.mode(m).pose, pivot_);
      const int64_t in_front = FillRecords(m, modes);
      scratch_.base.Costs(samples_.records, count, in_front, samples_.value);
      for (int64_t k = 0; k < count; ++k) samples_.cost[samples_.order[k]] = samples_.value[k];
    }
    const LogDepthPrior<double>& prior = scratch_.object.prior;
    for (int64_t s = 0; prior.active && s < num_samples_; ++s) {
      const double* pose = samples_.pose + 7 * s;
      samples_.cost[s] += prior.cost({pose[0], pose[1], pose[2]});
    }
  }

  // Importance weights, evidence with its error, and the normalised weights of means and gradient.
  void Weigh(const MixtureProposal<kDof>& proposal) {
    const int64_t n = num_samples_;
    for (int64_t s = 0; s < n; ++s) {
      const double log_weight = -samples_.cost[s] - samples_.log_density[s];
      samples_.log_weight[s] = std::isfinite(log_weight) ? log_weight : -HUGE_VAL;
    }
    const double log_sum = LogSumExp(samples_.log_weight, n);
    if (!std::isfinite(log_sum)) {
      result_.log_evidence = log_sum;
      return;
    }
    const double log_mean = log_sum - std::log(static_cast<double>(n));
    double square_sum = 0;
    for (int64_t s = 0; s < n; ++s) {
      const double normalised = std::exp(samples_.log_weight[s] - log_sum);
      samples_.gradient_weight[s] = samples_.plain_weight[s] = normalised;
      square_sum += normalised * normalised;
    }
    result_.ess = 1 / (square_sum * static_cast<double>(n));
    result_.log_evidence = log_mean;
    double variance = square_sum - 1 / static_cast<double>(n);
    if (options_.control_variates) variance = ApplyControlVariates(proposal, log_mean, variance);
    result_.standard_error = std::sqrt(std::max(variance, 0.0));
  }

  // Returns the relative variance of the evidence.
  double ApplyControlVariates(const MixtureProposal<kDof>& proposal, double log_mean,
                              double plain_variance) {
    const int64_t n = num_samples_;
    ControlVariates<kDof> variates(n, samples_.design);
    if (!variates.Fit(proposal, samples_.xi, samples_.log_density)) return plain_variance;
    variates.Coefficients(samples_.coefficient);
    double ratio = 0;  // corrected over plain evidence
    for (int64_t s = 0; s < n; ++s) {
      samples_.value[s] = std::exp(samples_.log_weight[s] - log_mean);
      ratio += samples_.coefficient[s] * samples_.value[s];
    }
    if (!(ratio > 0.2 && ratio < 5)) {
      result_.status |= PROPNP_STATUS_FELL_BACK;
      return plain_variance;
    }
    for (int64_t s = 0; s < n; ++s) {
      samples_.gradient_weight[s] = samples_.coefficient[s] * samples_.value[s] / ratio;
    }
    result_.log_evidence = log_mean + std::log(ratio);
    return variates.ResidualVariance(samples_.value, samples_.coefficient) / (ratio * ratio);
  }

  // Share of the mass beyond three times the best mode's depth or behind the camera.
  double ImproperShare() const {
    const double far = 3 * scratch_.modes[0].pose[2];
    double share = 0;
    for (int64_t s = 0; s < num_samples_; ++s) {
      const double z = samples_.pose[7 * s + 2];
      if (z > far || z < scratch_.object.z_min) share += samples_.plain_weight[s];
    }
    return share;
  }

  void Diagnose() {
    result_.khat = ParetoKhat(samples_.log_weight, num_samples_, samples_.value);
    if (!(result_.khat <= 0.7)) {
      result_.status |= PROPNP_STATUS_HIGH_KHAT;
      result_.standard_error = std::numeric_limits<double>::infinity();
    }
    if (result_.ess < 0.15) result_.status |= PROPNP_STATUS_LOW_ESS;
    if (!scratch_.object.prior.active && ImproperShare() > 0.01) {
      result_.status |= PROPNP_STATUS_IMPROPER;
    }
  }

  void ModeProbabilities(const ObjectCost<kDof, double>& cost, int num_modes) {
    const PosteriorMode<kDof>* modes = scratch_.modes;
    result_.num_modes = num_modes;
    for (int m = 0; m < num_modes; ++m) result_.mode_count += modes[m].converged;
    if (result_.mode_count > 1) result_.status |= PROPNP_STATUS_MULTI_MODAL;
    if (!WantsModes()) return;
    if (result_.mode_count <= 1) {
      // All descents end in the one minimum there is; it has the lowest cost.
      for (int m = 0; m < num_modes; ++m) result_.mode_probability[m] = m == ModeOfAll() ? 1 : 0;
      return;
    }
    constexpr int kDescents = 128;
    double cumulative = 0;
    int drawn = 0;
    // Systematic resampling: the k-th descent starts where the weight passes (k + 1/2) / 128.
    for (int64_t s = 0; s < num_samples_; ++s) {
      cumulative += samples_.plain_weight[s];
      int repeats = 0;
      while (drawn < kDescents && cumulative * kDescents >= drawn + 0.5) ++drawn, ++repeats;
      if (repeats == 0) continue;
      const int m =
          DescendToMode(cost, *args_.start_options, samples_.pose + 7 * s, modes, num_modes);
      result_.mode_probability[m] += repeats / static_cast<double>(kDescents);
    }
  }

  bool WantsModes() const {
    return IsGiven(args_.mode_pose) || IsGiven(args_.mode_covariance) ||
           IsGiven(args_.mode_probability) || IsGiven(args_.mode_cost);
  }

  // The converged mode if there is one, or the best.
  int ModeOfAll() const {
    for (int m = 0; m < result_.num_modes; ++m) {
      if (scratch_.modes[m].converged) return m;
    }
    return 0;
  }

  void OrderModes() {
    int* order = result_.mode_order;
    for (int m = 0; m < result_.num_modes; ++m) order[m] = m;
    std::stable_sort(order, order + result_.num_modes, [&](int a, int b) {
      return result_.mode_probability[a] > result_.mode_probability[b];
    });
  }

  bool WantsGradient() const {
    return IsGiven(args_.grad_x3d) || IsGiven(args_.grad_x2d) || IsGiven(args_.grad_w2d) ||
           IsGiven(args_.grad_sqrt_info) || IsGiven(args_.grad_delta);
  }

  // d log Z = -sum_j wbar_j d cost_j.
  void ComputeGradient(const ObjectCost<kDof, double>& cost,
                       const MixtureProposal<kDof>& proposal) {
    const int modes = proposal.num_modes();
    scratch_.gradient.Clear(scratch_.object);
    for (int64_t s = 0; s < num_samples_; ++s) samples_.gradient_weight[s] *= -1;
    for (int m = 0; m < modes; ++m) {
      const int64_t count = component_begin_[m + 1] - component_begin_[m];
      if (count == 0) continue;
      scratch_.base.Set(cost, proposal.mode(m).pose, pivot_);
      const int64_t in_front = FillRecords(m, modes);
      scratch_.base.AddGradient(samples_.records, count, in_front, &scratch_.gradient);
    }
    if (!has_target_ || !args_.loss_gradient) return;
    const Vec3<double> zero{0, 0, 0};
    FillRecord(zero, zero, 1, samples_.records);
    scratch_.base.Set(cost, target_, pivot_);
    scratch_.base.AddGradient(samples_.records, 1, 0, &scratch_.gradient);
  }

  const Problem& problem_;
  const propnp_sample_args& args_;
  const propnp_sample_options& options_;
  const PreparedCamera<double>* cameras_;
  const int64_t index_;
  SamplerScratch<kDof, T>& scratch_;
  SampleColumns<kDof, T>& samples_;
  const int64_t num_samples_;
  uint64_t seed_;
  bool has_target_ = false;
  int stage_ = 0;
  double target_[7];
  Vec3<double> pivot_{0, 0, 0};
  int64_t component_begin_[PROPNP_MAX_MODES + 1] = {};
  PosteriorResult result_ = {};
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_OBJECT_SAMPLER_H_
