// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The sampler, one object at a time; SampleValid() reads as the algorithm.
#ifndef PROPNP_ENGINE_OBJECT_SAMPLER_H_
#define PROPNP_ENGINE_OBJECT_SAMPLER_H_

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/amis_sampler.h"
#include "propnp/engine/importance_weights.h"
#include "propnp/engine/input_gradient.h"
#include "propnp/engine/laplace_posterior.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/mixture_proposal.h"
#include "propnp/engine/mode_masses.h"
#include "propnp/engine/pareto_smoothing.h"
#include "propnp/engine/posterior_modes.h"
#include "propnp/engine/posterior_samples.h"
#include "propnp/engine/posterior_summary_output.h"
#include "propnp/engine/proposal_refit.h"
#include "propnp/engine/random_starts.h"
#include "propnp/engine/sample_records.h"
#include "propnp/engine/sample_wants.h"
#include "propnp/engine/sampled_prior_gradient.h"
#include "propnp/engine/stein_correction.h"
#include "propnp/math/laplace_evidence.h"

namespace propnp {

template <int kDof, typename T>
struct SamplerScratch {
  PackedObject<double> object;
  StartWorkspace<double> starts;
  PosteriorMode<kDof>* modes;
  ProposalComponent<kDof>* components;
  DrawnSamples<kDof> drawn;
  SampleColumns<kDof, T> samples;
  ProposalRefit<kDof> refit;
  SteinVariates<kDof> stein;
  BaseObject<T> base;
  ObjectGradient gradient;
  SummaryScratch summary;

  static SamplerScratch Allocate(const Problem& problem, const propnp_sample_args& args,
                                 Arena* arena) {
    const int64_t s = args.options->num_samples;
    const DrawnSamples<kDof> drawn = DrawnSamples<kDof>::Allocate(s, arena);
    BaseObject<T> base = BaseObject<T>::Allocate(problem, s, arena);
    if (WantsPointGradient(args)) base.AllocateRoots(problem, s, arena);
    return {PackedObject<double>::Allocate(problem, arena),
            StartWorkspace<double>::Allocate(problem, *args.start_options, arena),
            arena->Take<PosteriorMode<kDof>>(PROPNP_MAX_MODES),
            arena->Take<ProposalComponent<kDof>>(MixtureProposal<kDof>::kMaxComponents),
            drawn,
            SampleColumns<kDof, T>::Allocate(s, drawn.columns(), arena),
            ProposalRefit<kDof>::Allocate(s, arena),
            SteinVariates<kDof>::Allocate(arena),
            base,
            ObjectGradient::Allocate(problem, arena),
            SummaryScratch::Allocate(problem, args, arena)};
  }
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
        drawn_(scratch->drawn),
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
  using Records = SampleRecords<kDof, T>;

  void SampleValid(const ObjectCost<kDof, double>& cost) {
    const int num_modes = FindObjectModes(cost);
    if (num_modes == 0) {
      result_.status |= PROPNP_STATUS_NON_FINITE_INPUT;
      return;
    }
    Records records(cost, pivot_, scratch_.modes, &drawn_, &samples_, &scratch_.base);
    MixtureProposal<kDof> proposal(scratch_.modes, num_modes, scratch_.components);
    Sample(proposal, &records);
    if (UsesMixture() && result_.ess < options_.second_stage_ess &&
        scratch_.refit.Run(drawn_, samples_.plain_weight, &proposal)) {
      ++stage_;
      Sample(proposal, &records);
    }
    if (!std::isfinite(result_.log_evidence)) {
      result_.status |= PROPNP_STATUS_NON_FINITE_INPUT;
      return;
    }
    result_.stages = stage_ + 1;
    Diagnose();
    WeighModes(cost, num_modes);
    if (IsGiven(args_.sample_pose) || SummariesNeedPoses(args_)) drawn_.FillPoses();
    if (has_target_) result_.cost_target = cost.Cost(target_);
    if (WantsPointGradient(args_) || WantsPriorGradient()) {
      CorrectGradientWeights(num_modes, &records);
    }
    if (WantsPointGradient(args_)) ComputeGradient(num_modes, &records);
    if (WantsPriorGradient()) ComputePriorGradient(cost);
  }

  bool UsesMixture() const { return options_.method <= PROPNP_SAMPLER_MIXTURE_MC; }
  bool UsesGaussians() const { return options_.method == PROPNP_SAMPLER_LAPLACE; }

  // Laplace's approximation: samples of equal weight, and no error that anybody knows.
  void DrawGaussians(int num_modes, Records* records) {
    result_.log_evidence = laplace_evidence(scratch_.modes, num_modes, result_.mode_probability);
    result_.standard_error = std::numeric_limits<double>::infinity();
    result_.ess = 1;
    int32_t* const mode_of = samples_.order;
    DrawFromGaussians<kDof>(scratch_.modes, num_modes, result_.mode_probability, seed_,
                            problem_.ObjectId(index_), num_samples_, drawn_.poses(), mode_of);
    for (int64_t m = 0, begin = 0; m < num_modes; ++m) {
      const int64_t end = std::upper_bound(mode_of, mode_of + num_samples_, m) - mode_of;
      drawn_.Place(scratch_.modes, num_modes, static_cast<int>(m), records->cost().dof(), begin,
                   end);
      begin = end;
    }
    for (int64_t s = 0; s < num_samples_; ++s) {
      samples_.log_weight[s] = result_.log_evidence;
      samples_.plain_weight[s] = 1 / static_cast<double>(num_samples_);
    }
    records->EvaluateCosts(num_modes);
    std::copy(samples_.plain_weight, samples_.plain_weight + num_samples_,
              samples_.gradient_weight);
  }

  void Sample(const MixtureProposal<kDof>& proposal, Records* records) {
    result_.status &= ~static_cast<uint32_t>(PROPNP_STATUS_FELL_BACK);
    if (UsesGaussians()) {
      DrawGaussians(proposal.num_modes(), records);
      return;
    }
    if (UsesMixture()) {
      drawn_.Draw(proposal, {options_.method, seed_, problem_.ObjectId(index_), stage_});
      records->EvaluateCosts(proposal.num_modes());
    } else {
      SampleAdaptively(records);
    }
    Weigh(proposal);
  }

  // Adaptive multiple importance sampling around the one mode.
  void SampleAdaptively(Records* records) {
    const ObjectCost<kDof, double>& cost = records->cost();
    const PosteriorMode<kDof>& optimum = scratch_.modes[0];
    double covariance[kDof * kDof] = {};
    PublishedCovariance(cost, args_.start_options->epsilon, optimum.pose, covariance);
    AmisSampler<kDof> amis(optimum.pose, covariance, seed_, problem_.ObjectId(index_),
                           {drawn_.poses(), drawn_.log_densities(), samples_.log_weight,
                            samples_.value, samples_.cost, num_samples_});
    for (int round = 0; round < kAmisRounds; ++round) {
      amis.Draw(round);
      drawn_.Place(&optimum, 1, 0, cost.dof(), amis.Begin(round), amis.End(round));
      records->EvaluateCosts(1);
      amis.Weigh(round);
      amis.Adapt(round);
    }
    drawn_.Place(&optimum, 1, 0, cost.dof(), 0, num_samples_);
    records->Fill(0);
    if (amis.fell_back()) result_.status |= PROPNP_STATUS_FELL_BACK;
  }

  bool LoadTarget() {
    has_target_ = IsGiven(args_.pose_target);
    return !has_target_ || LoadPose<kDof>(args_.pose_target, index_, target_);
  }

  int FindObjectModes(const ObjectCost<kDof, double>& cost) {
    const propnp_solve_options& options = *args_.start_options;
    const int count =
        FindStarts(cost, options, StartStream{seed_, problem_.ObjectId(index_)},
                   has_target_ ? target_ : nullptr, PROPNP_MAX_MODES, &scratch_.starts);
    pivot_ = scratch_.starts.geometry.centroid;
    if (count == 0) return 0;
    return options_.method == PROPNP_SAMPLER_AMIS
               ? RefineBestStart(cost, options, pivot_, scratch_.starts.best[0].pose,
                                 scratch_.modes)
               : FindModes(cost, options, pivot_, count, &scratch_.starts, scratch_.modes);
  }

  void Weigh(const MixtureProposal<kDof>& proposal) {
    EvidenceEstimate estimate = WeighSamples(drawn_, &samples_);
    if (std::isfinite(estimate.log_evidence) && options_.control_variates && UsesMixture() &&
        !ApplyControlVariates(proposal, drawn_, WantsErrorOfEvidence(), &samples_, &estimate)) {
      result_.status |= PROPNP_STATUS_FELL_BACK;
    }
    relative_variance_ = estimate.relative_variance;
    result_.ess = estimate.ess;
    result_.log_evidence = estimate.log_evidence;
    result_.standard_error = std::sqrt(std::max(estimate.relative_variance, 0.0));
  }

  // To give it, or to choose the control variates of the gradient.
  bool WantsErrorOfEvidence() const {
    return IsGiven(args_.standard_error) || WantsPointGradient(args_) || WantsPriorGradient();
  }

  // Share of the mass with the points' centroid beyond three times its distance at the best mode,
  // or no longer in front of the camera.
  double ImproperShare() const {
    return GetWeightKernels().improper_share(drawn_.columns(), scratch_.modes[0].chart.depth(),
                                             scratch_.object.z_min, samples_.plain_weight,
                                             num_samples_);
  }

  void Diagnose() {
    if (!UsesGaussians()) DiagnoseWeights();
    if (!scratch_.object.prior.active() && ImproperShare() > 0.01) {
      result_.status |= PROPNP_STATUS_IMPROPER;
    }
  }

  void DiagnoseWeights() {
    result_.khat = ParetoKhat(samples_.log_weight, num_samples_, samples_.value);
    if (!(result_.khat <= 0.7)) {
      result_.status |= PROPNP_STATUS_HIGH_KHAT;
      result_.standard_error = std::numeric_limits<double>::infinity();
    }
    if (result_.ess < 0.15) result_.status |= PROPNP_STATUS_LOW_ESS;
  }

  // Probabilities and order of the modes.
  void WeighModes(const ObjectCost<kDof, double>& cost, int num_modes) {
    ModeMasses<kDof> masses(scratch_.modes, num_modes, &result_);
    if (UsesGaussians()) {
      masses.TakeGaussians(drawn_);
    } else if (WantsModes(args_) || SummariesNeedModes(args_)) {
      masses.Descend(cost, *args_.start_options, samples_.plain_weight, samples_.gradient_weight,
                     &drawn_);
    }
    masses.Order();
    if (!args_.symmetries) return;
    masses.Fold(ObjectSymmetries<kDof>(args_.symmetries, index_, cost.dof()), cost.dof(),
                has_target_ ? target_ : nullptr);
  }

  bool WantsPriorGradient() const { return PriorGradientTensors(args_).AnyGiven(); }

  void ComputePriorGradient(const ObjectCost<kDof, double>& cost) {
    AddEvidenceGradient(
        cost, {num_samples_, drawn_.pose(0), samples_.plain_weight, samples_.gradient_weight},
        &result_.prior_gradient, &result_.range_gradient);
    if (!has_target_ || !args_.loss_gradient) return;
    add_prior_cost_gradient(scratch_.object.prior, cost.dof(), target_, 1.0,
                            &result_.prior_gradient, &result_.range_gradient);
  }

  // A density that ends abruptly has no Stein control variates.
  void CorrectGradientWeights(int num_modes, Records* records) {
    const ObjectCost<kDof, double>& cost = records->cost();
    if (!UsesMixture() || !options_.control_variates || scratch_.object.prior.jumps(cost.dof()) ||
        !(relative_variance_ > kSteinError * kSteinError) ||
        !scratch_.stein.SetModes(cost.dof(), pivot_, scratch_.modes, num_modes)) {
      return;
    }
    drawn_.FillPoses();
    records->EvaluateScores(num_modes);
    CorrectWeights(cost, drawn_, pivot_, result_.ess, relative_variance_, &scratch_.stein,
                   &samples_);
  }

  void ComputeGradient(int num_modes, Records* records) {
    scratch_.gradient.Clear(scratch_.object);
    records->AddGradient(num_modes, &scratch_.gradient);
    if (has_target_ && args_.loss_gradient) {
      records->AddCostGradient(target_, &scratch_.gradient);
    }
    if (!args_.through_delta && !IsGiven(args_.grad_relative_delta)) return;
    result_.relative_delta_gradient = PassThroughAdaptiveDelta(
        problem_, scratch_.object, args_.through_delta == 0, &scratch_.gradient);
  }

  const Problem& problem_;
  const propnp_sample_args& args_;
  const propnp_sample_options& options_;
  const PreparedCamera<double>* cameras_;
  const int64_t index_;
  SamplerScratch<kDof, T>& scratch_;
  DrawnSamples<kDof>& drawn_;
  SampleColumns<kDof, T>& samples_;
  const int64_t num_samples_;
  uint64_t seed_;
  bool has_target_ = false;
  int stage_ = 0;
  double target_[7];
  Vec3<double> pivot_{0, 0, 0};
  double relative_variance_ = 0;  // of the evidence
  PosteriorResult result_ = {};
};

}  // namespace propnp

#endif  // PROPNP_ENGINE_OBJECT_SAMPLER_H_
