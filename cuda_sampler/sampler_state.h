// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the kernels of the sampler hand on to each other, for the objects of a slice.
#ifndef PROPNP_CUDA_SAMPLER_SAMPLER_STATE_H_
#define PROPNP_CUDA_SAMPLER_SAMPLER_STATE_H_

#include "cuda_sampler/displaced.h"
#include "propnp/engine/kernels/proposal_kernels.h"
#include "propnp/engine/object_symmetries.h"
#include "propnp/math/amis_proposal.h"
#include "propnp/math/proposal_cluster.h"
#include "propnp/math/stein_modes.h"
#include "propnp/math/student_mixture.h"

namespace propnp::gpu {

constexpr int kMaxClusters = 12;  // of the second stage
constexpr int kMaxComponents = PROPNP_MAX_MODES + kMaxClusters;
constexpr int kAmisRounds = 4;
constexpr int kMaxRegressionColumns = 65;  // of the evidence: a constant and the regressors

template <int kDof>
using AmisProposalOf = AmisProposal<DofPolicy<kDof>>;

// One object.
template <int kDof>
struct ObjectState {
  uint32_t status;
  int32_t num_points_good;  // the object's points could be used
  double z_min, delta;
  double target[7];
  int32_t num_modes, mode_count;  // all, and converged ones
  PosteriorMode<kDof> modes[PROPNP_MAX_MODES];

  int32_t num_components;
  ProposalComponent<kDof> components[kMaxComponents];
  KernelComponent exported[kMaxComponents];
  double log_density_offset;
  AmisProposalOf<kDof> amis[kAmisRounds];

  int32_t stage;                                      // of the samples there are: 0 or 1
  int32_t wants_refit;                                // a second stage should be tried
  double log_evidence, relative_variance, ess, khat;  // the second that of the evidence
  int32_t basins[kDescents];         // the mode in which each descent ended, or that stands for it
  int32_t basin_samples[kDescents];  // where each began
  int32_t num_basin_samples;         // 0: there is but one mode, or nobody asks

  double mode_probability[PROPNP_MAX_MODES];
  int32_t mode_order[PROPNP_MAX_MODES];  // of the reported ones, most probable first
  int32_t num_reported;                  // modes that no symmetry of the object makes equal
};

// A sample that carries weight, in the chart v of the mode nearest to it.
template <int kDof>
struct RefitPoint {
  double v[kDof];
  double weight;  // all sum to the effective number
  double shares[kMaxClusters];
  int32_t mode;  // -1: without weight
};

// What of the sampler a call needs.
struct SamplePlan {
  int64_t num_samples;
  bool single_precision;  // of the records
  bool second_stage;
  bool stein;          // Stein control variates, for a gradient
  bool ends_of_range;  // their gradient

  bool NeedsScores() const { return stein || ends_of_range; }
};

// Samples of the objects of a slice, S each, those of one mode together.
template <int kDof>
struct SampleMemory {
  int64_t num_samples, sort_size;  // S, and a power of two that holds it
  ObjectState<kDof>* states;       // (slice)
  BaseSet* bases;                  // (slice)
  double* xi;                      // (slice, S, kDof) in the chart of the sample's mode
  double* pose;                    // (slice, S, 7)
  double* log_density;             // (slice, S) of the proposal, with respect to dt dtheta
  double* cost;                    // (slice, S)
  double* log_weight;              // (slice, S)
  double* plain_weight;            // (slice, S) normalised
  double* gradient_weight;         // (slice, S) corrected by control variates
  double* scratch;                 // (slice, sort_size)
  int32_t* order;                  // (slice, sort_size)
  int32_t* choice;                 // (slice, S) component, twice, plus one for its wide part
  void* records;                   // (slice, S) SampleRecord of float or double
  int32_t single_precision;        // the records are of float
  double* normal_matrix;           // (slice, matrix_size)
  int64_t matrix_size;
  double* score;             // (slice, S, kScore), if needed
  RefitPoint<kDof>* points;  // (slice, S), second stage
  double* keys;              // (slice, sort_size), second stage
  int32_t* members;          // (slice) objects with a second stage
  int32_t* num_members;      // (1)

  static SampleMemory Allocate(int64_t slice, const SamplePlan& plan, Arena* arena) {
    const int64_t num_samples = plan.num_samples;
    SampleMemory m = {};
    m.num_samples = num_samples;
    m.sort_size = 1;
    while (m.sort_size < num_samples) m.sort_size *= 2;
    const int64_t all = slice * num_samples;
    m.states = arena->Take<ObjectState<kDof>>(slice);
    m.bases = arena->Take<BaseSet>(slice);
    m.xi = arena->Take<double>(all * kDof);
    m.pose = arena->Take<double>(all * 7);
    for (double** column :
         {&m.log_density, &m.cost, &m.log_weight, &m.plain_weight, &m.gradient_weight}) {
      *column = arena->Take<double>(all);
    }
    m.scratch = arena->Take<double>(slice * m.sort_size);
    m.order = arena->Take<int32_t>(slice * m.sort_size);
    m.choice = arena->Take<int32_t>(all);
    m.single_precision = plan.single_precision;
    m.records = plan.single_precision ? static_cast<void*>(arena->Take<SampleRecord<float>>(all))
                                      : arena->Take<SampleRecord<double>>(all);
    const int64_t columns = plan.stein ? SteinModes<kDof>::kMaxColumns : kMaxRegressionColumns;
    m.matrix_size = columns * columns;
    m.normal_matrix = arena->Take<double>(slice * m.matrix_size);
    m.score = arena->Take<double>(plan.NeedsScores() ? all * kScore : 0);
    m.points = arena->Take<RefitPoint<kDof>>(plan.second_stage ? all : 0);
    m.keys = arena->Take<double>(plan.second_stage ? slice * m.sort_size : 0);
    m.members = arena->Take<int32_t>(slice);
    m.num_members = arena->Take<int32_t>(1);
    return m;
  }

  PROPNP_DEVICE double* MatrixOf(int64_t local) const {
    return normal_matrix + local * matrix_size;
  }

  template <typename T>
  PROPNP_HOST_DEVICE SampleRecord<T>* RecordsOf() const {
    return static_cast<SampleRecord<T>*>(records);
  }

  // What is written to the record of a sample; the steps that write are in double precision.
  PROPNP_DEVICE void SetDisplacement(int64_t sample, const Mat3<double>& turn,
                                     const Vec3<double>& shift) const {
    if (single_precision) {
      RecordsOf<float>()[sample].pose = {cast<float>(turn), cast<float>(shift)};
    } else {
      RecordsOf<double>()[sample].pose = {turn, shift};
    }
  }
  PROPNP_DEVICE void SetRecordWeight(int64_t sample, double weight) const {
    if (single_precision) {
      RecordsOf<float>()[sample].weight = static_cast<float>(weight);
    } else {
      RecordsOf<double>()[sample].weight = weight;
    }
  }
};

// What every kernel of the sampler takes.
template <int kDof>
struct SamplerArgs {
  const DeviceInputs<double>* inputs;
  ObjectSlice slice;
  ObjectList list;
  propnp_solve_options start_options;
  propnp_sample_options options;
  propnp_tensor pose_target;
  int32_t loss_gradient;  // of cost_target + log_evidence
  int32_t ends_of_range;  // nonzero: their gradient is asked for
  int32_t wants_modes;    // nonzero: and so their probabilities
  int32_t has_symmetries;
  propnp_symmetries symmetries;
  RandomStarts<double> starts;
  SampleMemory<kDof> memory;

  PROPNP_DEVICE uint64_t seed() const {
    return options.seed_pointer ? *options.seed_pointer : options.seed;
  }
  PROPNP_DEVICE int64_t Index(int64_t local) const { return slice.first + local; }
  PROPNP_DEVICE ObjectSymmetries<kDof> SymmetriesOf(int64_t local,
                                                    const DofPolicy<kDof>& dof) const {
    return {has_symmetries ? &symmetries : nullptr, Index(local), dof};
  }
};

// The steps, each of all objects of the slice, or of the list.
template <int kDof>
void FindModes(const SamplerArgs<kDof>& args, Queue* queue);
template <int kDof>
void DrawSamples(const SamplerArgs<kDof>& args, Queue* queue);
template <int kDof>
void WeighSamples(const SamplerArgs<kDof>& args, Queue* queue);
// Lists the objects that want a second stage and fits proposals for them.
template <int kDof>
void RefitProposals(const SamplerArgs<kDof>& args, Queue* queue);
// One round of adaptive multiple importance sampling, before its costs are known and after.
template <int kDof>
void DrawAmisRound(const SamplerArgs<kDof>& args, int round, Queue* queue);
template <int kDof>
void AdaptAmisRound(const SamplerArgs<kDof>& args, int round, Queue* queue);
// Corrects the weights of the gradient where the evidence is far from exact, engine/
// stein_variates.h. The scores are there.
template <int kDof>
void CorrectGradientWeights(const SamplerArgs<kDof>& args, Queue* queue);
template <int kDof>
void DescendToModes(const SamplerArgs<kDof>& args, Queue* queue);
// Probabilities and order of the modes, after the descents where they are wanted.
template <int kDof>
void DivideMass(const SamplerArgs<kDof>& args, Queue* queue);

}  // namespace propnp::gpu

#endif  // PROPNP_CUDA_SAMPLER_SAMPLER_STATE_H_
