// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/sample_posterior.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/control_variates.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/mixture_proposal.h"
#include "propnp/engine/partition.h"
#include "propnp/engine/posterior_modes.h"
#include "propnp/engine/posterior_samples.h"
#include "propnp/engine/random_starts.h"
#include "propnp/engine/workspace.h"
#include "propnp/math/philox.h"
#include "propnp/math/quantile.h"
#include "propnp/math/sobol.h"

namespace propnp {
namespace {

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
  double* gradient_weight;  // (S) normalised
  double* design;           // (S, 1 + kMaxRegressors)
  T* records;               // (S, kSampleRecord)

  static SampleColumns Allocate(int64_t s, Arena* arena) {
    SampleColumns c = {};
    c.xi = arena->Take<double>(s * PROPNP_MAX_MODES * kDof);
    c.pose = arena->Take<double>(s * 7);
    c.component = arena->Take<int32_t>(s);
    c.cost = arena->Take<double>(s);
    c.log_density = arena->Take<double>(s);
    c.log_weight = arena->Take<double>(s);
    c.coefficient = arena->Take<double>(s);
    c.gradient_weight = arena->Take<double>(s);
    c.design = arena->Take<double>(s * (1 + kMaxRegressors));
    c.records = arena->Take<T>(s * kSampleRecord);
    return c;
  }
};

template <int kDof, typename T>
struct Scratch {
  PackedObject<double> object;
  StartWorkspace<double> starts;
  PosteriorMode<kDof>* modes;
  SampleColumns<kDof, T> samples;
  BaseObject<T> base;
  ObjectGradient gradient;

  static Scratch Allocate(const Problem& problem, const propnp_sample_args& args, Arena* arena) {
    const int64_t s = args.options->num_samples;
    return {PackedObject<double>::Allocate(problem, arena),
            StartWorkspace<double>::Allocate(problem, *args.start_options, arena),
            arena->Take<PosteriorMode<kDof>>(PROPNP_MAX_MODES),
            SampleColumns<kDof, T>::Allocate(s, arena),
            BaseObject<T>::Allocate(problem, s, arena),
            ObjectGradient::Allocate(problem, arena)};
  }
};

// log sum exp(values).
double LogSumExp(const double* values, int64_t count) {
  const double highest = *std::max_element(values, values + count);
  if (!(highest > -HUGE_VAL)) return -HUGE_VAL;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(values[i] - highest);
  return highest + std::log(sum);
}

template <int kDof>
struct PosteriorResult {
  double log_evidence, standard_error, ess, khat, cost_target;
  int mode_count;
  double mode_probability[PROPNP_MAX_MODES];
  int num_modes;
  uint32_t status;
};

// Samples one object.
template <int kDof, typename T>
class ObjectSampler {
 public:
  ObjectSampler(const Problem& problem, const propnp_sample_args& args,
                const PreparedCamera<double>* cameras, int64_t index, Scratch<kDof, T>* scratch)
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
    StoreScalars();
    StoreGradient();
  }

 private:
  void SampleValid(const ObjectCost<kDof, double>& cost) {
    const int num_modes = FindObjectModes(cost);
    if (num_modes == 0) {
      result_.status |= PROPNP_STATUS_NON_FINITE_INPUT;
      return;
    }
    const MixtureProposal<kDof> proposal(scratch_.modes, num_modes);
    DrawSamples(proposal);
    EvaluateCosts(cost, proposal);
    Weigh(proposal);
    if (!std::isfinite(result_.log_evidence)) {
      result_.status |= PROPNP_STATUS_NON_FINITE_INPUT;
      return;
    }
    ModeProbabilities(cost, num_modes);
    if (has_target_) result_.cost_target = cost.Cost(target_);
    if (WantsGradient()) ComputeGradient(cost, proposal);
    StoreModes(num_modes);
    StoreSamples();
  }

  bool LoadTarget() {
    has_target_ = IsGiven(args_.pose_target);
    return !has_target_ || LoadPose<kDof>(args_.pose_target, index_, target_);
  }

  int FindObjectModes(const ObjectCost<kDof, double>& cost) {
    StartPose<double>* starts = scratch_.starts.starts;
    int count = MakeRandomStarts(cost, *args_.start_options, seed_, problem_.ObjectId(index_),
                                 &scratch_.starts);
    if (has_target_) {
      StartPose<double> target = {};
      std::copy(target_, target_ + 7, target.pose);
      target.cost = cost.Cost(target.pose);
      StartPose<double>* place = std::upper_bound(
          starts, starts + count, target,
          [](const StartPose<double>& a, const StartPose<double>& b) { return a.cost < b.cost; });
      std::copy_backward(place, starts + count, starts + count + 1);
      *place = target;
      ++count;
    }
    return FindModes(cost, *args_.start_options, starts, count, scratch_.modes);
  }

  void FillNoise(int64_t s, const SobolScramble& scramble, SampleNoise<kDof>* noise) const {
    uint32_t words[8];
    const uint32_t index = static_cast<uint32_t>(s);
    const uint64_t id = problem_.ObjectId(index_);
    if (options_.method == PROPNP_SAMPLER_MIXTURE_MC) {
      for (uint32_t half = 0; half < 2; ++half) {
        const PhiloxWords random = random_words(seed_, id, RandomPurpose::kSample, 2 * index + half);
        std::copy(random.word, random.word + 4, words + 4 * half);
      }
    } else {
      for (int d = 0; d < 8; ++d) words[d] = scrambled_sobol_word(index, d, scramble);
    }
    for (int i = 0; i < kDof; ++i) noise->normal[i] = normal_quantile(symmetric_uniform<double>(words[i]));
    noise->chi_square = chi_square_4_quantile(symmetric_uniform<double>(words[6]));
    noise->choice = uniform_from_word(words[7]);
  }

  // Draws all samples, then orders them by component (counting sort; `pose` and `xi` are filled in
  // that order).
  void DrawSamples(const MixtureProposal<kDof>& proposal) {
    const SobolScramble scramble = sobol_scramble(seed_, problem_.ObjectId(index_));
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
      PoseFromChart(proposal.mode(m), own_xi, pose);
      double(*xi)[kDof] = XiOf(slot, modes);
      for (int other = 0; other < modes; ++other) {
        if (other == m) {
          std::copy(own_xi, own_xi + kDof, xi[other]);
        } else {
          ChartFromPose(proposal.mode(other), pose, xi[other]);
        }
      }
      samples_.log_density[slot] = proposal.LogDensity(xi);
    }
  }

  double (*XiOf(int64_t slot, int modes) const)[kDof] {
    return reinterpret_cast<double(*)[kDof]>(samples_.xi + slot * modes * kDof);
  }

  // The Cayley tangent of the rotation at g in a mode's chart.
  Vec3<double> ThetaOf(const double* xi) const {
    if constexpr (kDof == 6) return {2 * xi[3], 2 * xi[4], 2 * xi[5]};
    return (2 * xi[3]) * scratch_.object.four_dof.axis;
  }

  void FillRecords(int m, int modes) {
    for (int64_t s = component_begin_[m]; s < component_begin_[m + 1]; ++s) {
      const double* xi = XiOf(s, modes)[m];
      FillRecord(Vec3<double>{xi[0], xi[1], xi[2]}, ThetaOf(xi), samples_.gradient_weight[s],
                 samples_.records + s * kSampleRecord);
    }
  }

  void EvaluateCosts(const ObjectCost<kDof, double>& cost, const MixtureProposal<kDof>& proposal) {
    const int modes = proposal.num_modes();
    std::fill(samples_.gradient_weight, samples_.gradient_weight + num_samples_, 0.0);
    for (int m = 0; m < modes; ++m) {
      const int64_t begin = component_begin_[m], count = component_begin_[m + 1] - begin;
      if (count == 0) continue;
      FillRecords(m, modes);
      scratch_.base.Set(cost, proposal.mode(m).pose);
      scratch_.base.Costs(samples_.records + begin * kSampleRecord, count, samples_.cost + begin);
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
      samples_.gradient_weight[s] = normalised;
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
    const int regressors =
        RegressionCoefficients(proposal, n, samples_.xi, samples_.log_density, samples_.design,
                               samples_.coefficient);
    if (regressors == 0) return plain_variance;
    double ratio = 0;  // corrected over plain evidence
    for (int64_t s = 0; s < n; ++s) {
      ratio += samples_.coefficient[s] * std::exp(samples_.log_weight[s] - log_mean);
    }
    if (!(ratio > 0.2 && ratio < 5)) {
      result_.status |= PROPNP_STATUS_FELL_BACK;
      return plain_variance;
    }
    for (int64_t s = 0; s < n; ++s) {
      samples_.gradient_weight[s] =
          samples_.coefficient[s] * std::exp(samples_.log_weight[s] - log_mean) / ratio;
    }
    result_.log_evidence = log_mean + std::log(ratio);
    return ResidualVariance(log_mean, ratio, 1 + regressors);
  }

  // The variance of the regression's intercept over its square.
  double ResidualVariance(double log_mean, double ratio, int columns) {
    const int64_t n = num_samples_;
    // The residuals of the weights after projecting on the design: w - X (X^T X)^-1 X^T w. Their sum
    // of squares is what the coefficients leave; computed from the regression of w itself.
    double sum = 0;
    (void)columns;
    for (int64_t s = 0; s < n; ++s) {
      const double w = std::exp(samples_.log_weight[s] - log_mean) / ratio;
      sum += square((w - 1) * samples_.coefficient[s]);
    }
    return sum;
  }

  void ModeProbabilities(const ObjectCost<kDof, double>& cost, int num_modes) {
    const PosteriorMode<kDof>* modes = scratch_.modes;
    result_.num_modes = num_modes;
    for (int m = 0; m < num_modes; ++m) result_.mode_count += modes[m].converged;
    if (num_modes == 1) {
      result_.mode_probability[0] = 1;
      return;
    }
    constexpr int kDescents = 128;
    const double log_sum = LogSumExp(samples_.log_weight, num_samples_);
    double cumulative = 0;
    int drawn = 0;
    // Systematic resampling: the k-th descent starts where the weight passes (k + 1/2) / 128.
    for (int64_t s = 0; s < num_samples_; ++s) {
      cumulative += std::exp(samples_.log_weight[s] - log_sum);
      int repeats = 0;
      while (drawn < kDescents && cumulative * kDescents >= drawn + 0.5) ++drawn, ++repeats;
      if (repeats == 0) continue;
      const int m = DescendToMode(cost, *args_.start_options, samples_.pose + 7 * s, modes, num_modes);
      result_.mode_probability[m] += repeats / static_cast<double>(kDescents);
    }
    if (result_.mode_count > 1) result_.status |= PROPNP_STATUS_MULTI_MODAL;
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
      const int64_t begin = component_begin_[m], count = component_begin_[m + 1] - begin;
      if (count == 0) continue;
      FillRecords(m, modes);
      scratch_.base.Set(cost, proposal.mode(m).pose);
      scratch_.base.AddGradient(samples_.records + begin * kSampleRecord, count,
                                &scratch_.gradient);
    }
    if (!has_target_ || !args_.loss_gradient) return;
    const Vec3<double> zero{0, 0, 0};
    FillRecord(zero, zero, 1, samples_.records);
    scratch_.base.Set(cost, target_);
    scratch_.base.AddGradient(samples_.records, 1, &scratch_.gradient);
  }

  void StoreScalars() const {
    StoreAt(args_.log_evidence, index_, result_.log_evidence);
    StoreAt(args_.standard_error, index_, result_.standard_error);
    StoreAt(args_.ess, index_, result_.ess);
    StoreAt(args_.khat, index_, result_.khat);
    StoreAt(args_.cost_target, index_, result_.cost_target);
    StoreAt(args_.mode_count, index_, result_.mode_count);
    StoreAt(args_.status, index_, static_cast<int32_t>(result_.status));
  }

  void StoreModes(int num_modes) const {
    for (int m = 0; m < num_modes; ++m) {
      const PosteriorMode<kDof>& mode = scratch_.modes[m];
      StoreElement(args_.mode_probability, m, result_.mode_probability[m]);
      StoreElement(args_.mode_cost, m, mode.cost);
      if (IsGiven(args_.mode_pose) && m < args_.mode_pose.shape[1]) {
        for (int k = 0; k < problem_.pose_size(); ++k) {
          Store(args_.mode_pose, ElementOf(args_.mode_pose, m) + k * args_.mode_pose.stride[2],
                mode.pose[k]);
        }
      }
    }
  }

  int64_t ElementOf(const propnp_tensor& t, int64_t row) const {
    return index_ * t.stride[0] + row * t.stride[1];
  }
  void StoreElement(const propnp_tensor& t, int64_t row, double value) const {
    if (IsGiven(t) && row < t.shape[1]) Store(t, ElementOf(t, row), value);
  }

  void StoreSamples() const {
    for (int64_t s = 0; s < num_samples_; ++s) {
      StoreElement(args_.sample_log_weight, s, samples_.log_weight[s]);
      for (int k = 0; IsGiven(args_.sample_pose) && k < problem_.pose_size(); ++k) {
        Store(args_.sample_pose, ElementOf(args_.sample_pose, s) + k * args_.sample_pose.stride[2],
              samples_.pose[7 * s + k]);
      }
    }
  }

  void StoreGradient() const {
    StoreAt(args_.grad_delta, index_, Failed() ? 0.0 : scratch_.gradient.delta);
    const ObjectGradient& g = scratch_.gradient;
    const Range views = problem_.ViewsOf(index_);
    int64_t first = 0;
    for (int64_t view = views.begin; view < views.end; ++view) {
      StoreColumns(args_.grad_x3d, view, first, {g.x, g.y, g.z});
      StoreColumns(args_.grad_x2d, view, first, {g.u, g.v});
      StoreColumns(args_.grad_w2d, view, first, {g.wxx, g.wyy});
      StoreColumns(args_.grad_sqrt_info, view, first, {g.wxx, g.wxy, g.wyx, g.wyy});
      first += (problem_.PointsOf(view).size() + kPointPadding - 1) / kPointPadding * kPointPadding;
    }
  }

  void StoreColumns(const propnp_tensor& t, int64_t view, int64_t first,
                    std::initializer_list<const double*> columns) const {
    if (!IsGiven(t)) return;
    const Range points = problem_.PointsOf(view);
    const bool matrix = columns.size() == 4;
    for (int64_t i = 0; i < points.size(); ++i) {
      int k = 0;
      for (const double* column : columns) {
        int64_t element = problem_.FirstElement(t, view, points) + i * problem_.PointStride(t);
        element += matrix ? (k / 2) * problem_.ComponentStride(t) + (k % 2) * t.stride[t.ndim - 1]
                          : k * problem_.ComponentStride(t);
        Store(t, element, Failed() ? 0.0 : column[first + i]);
        ++k;
      }
    }
  }

  bool Failed() const { return (result_.status & PROPNP_STATUS_FAILED) != 0; }

  const Problem& problem_;
  const propnp_sample_args& args_;
  const propnp_sample_options& options_;
  const PreparedCamera<double>* cameras_;
  const int64_t index_;
  Scratch<kDof, T>& scratch_;
  SampleColumns<kDof, T>& samples_;
  const int64_t num_samples_;
  uint64_t seed_;
  bool has_target_ = false;
  double target_[7];
  int64_t component_begin_[PROPNP_MAX_MODES + 1] = {};
  PosteriorResult<kDof> result_ = {};
};

Status CheckArgs(const propnp_sample_args& a, Problem* problem) {
  if (a.struct_size < sizeof(propnp_sample_args)) {
    return Status::InvalidArgument("sample_args.struct_size is " + std::to_string(a.struct_size) +
                                   ", expected at least " +
                                   std::to_string(sizeof(propnp_sample_args)));
  }
  PROPNP_RETURN_IF_ERROR(CheckExecution(a.device, a.precision));
  PROPNP_RETURN_IF_ERROR(MakeProblem(a.correspondences, a.cameras, a.cost, problem));
  if (!a.options || a.options->struct_size < sizeof(propnp_sample_options)) {
    return Status::InvalidArgument("options is null or its struct_size is too small");
  }
  if (a.options->num_samples < 32 || a.options->num_samples > (1 << 20)) {
    return Status::InvalidArgument("options.num_samples is " +
                                   std::to_string(a.options->num_samples) +
                                   ", expected 32 to 1048576");
  }
  return Status();
}

template <int kDof, typename T>
struct WorkspaceLayout {
  size_t shared_bytes, scratch_bytes, total_bytes;

  WorkspaceLayout(const Problem& problem, const propnp_sample_args& args, int num_workers) {
    Arena shared, scratch;
    shared.Take<PreparedCamera<double>>(problem.num_cameras);
    Scratch<kDof, T>::Allocate(problem, args, &scratch);
    shared_bytes = shared.used();
    scratch_bytes = scratch.used();
    total_bytes = shared_bytes + static_cast<size_t>(num_workers) * scratch_bytes;
  }
};

template <int kDof, typename T>
Status SampleBatch(Context& context, const Problem& problem, const propnp_sample_args& args) {
  const WorkspaceLayout<kDof, T> layout(problem, args, context.num_threads());
  WorkspaceMemory memory;
  PROPNP_RETURN_IF_ERROR(memory.Acquire(layout.total_bytes, args.workspace, args.workspace_size));
  Arena shared(memory.data());
  PreparedCamera<double>* cameras = shared.Take<PreparedCamera<double>>(problem.num_cameras);
  PrepareCameras(problem, cameras);
  ForEachObject(context, problem, [&](int64_t index, int worker) {
    Arena arena(memory.data() + layout.shared_bytes + worker * layout.scratch_bytes);
    Scratch<kDof, T> scratch = Scratch<kDof, T>::Allocate(problem, args, &arena);
    ObjectSampler<kDof, T>(problem, args, cameras, index, &scratch).Run();
  });
  return Status();
}

}  // namespace

Status SamplePosterior(Context& context, const propnp_sample_args& args) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &problem));
  if (problem.num_objects == 0) return Status();
  const bool single = problem.Precision(args.precision) == PROPNP_FLOAT32;
  if (problem.dof() == 6) {
    return single ? SampleBatch<6, float>(context, problem, args)
                  : SampleBatch<6, double>(context, problem, args);
  }
  return single ? SampleBatch<4, float>(context, problem, args)
                : SampleBatch<4, double>(context, problem, args);
}

}  // namespace propnp
