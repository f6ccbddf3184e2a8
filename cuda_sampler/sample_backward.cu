// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The vector-Jacobian product of what is made of kept samples (engine/sample_backward.cc has the
// formulas): the factors of each sample's cost, the gradient over samples and points, and what is
// left over: camera, prior and adaptive delta.
#include <cmath>

#include "cuda_sampler/call.h"
#include "cuda_sampler/input_gradient.h"
#include "cuda_sampler/operations.h"
#include "cuda_sampler/replay.h"
#include "cuda_sampler/sampled_prior_gradient.h"
#include "cuda_sampler/team_cost.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128;

template <typename T>
struct FactorArgs {
  ReplayArgs<T> replay;
  propnp_tensor mean_translation_cotangent, expected_cost_cotangent;
};

// With d log weight_j = -d cost_j,
//   d sum_j w_j f_j = sum_j w_j (f_j - mean f) d log weight_j + sum_j w_j d f_j.
template <int kDof, typename T>
PROPNP_KERNEL(kThreads)
FactorKernel(FactorArgs<T> args) {
  const ReplayMemory<T>& m = args.replay.memory;
  const int64_t local = block_index(), index = args.replay.slice.first + local;
  const int64_t first = local * m.num_samples;
  if (m.status[local] != 0) return;
  const BlockTeam team(shared_memory());
  DeviceObject<double> object;
  object.Resume(*args.replay.inputs, index, m.bases[local].z_min, m.bases[local].delta);
  const auto dof = GetDof(object, std::integral_constant<int, kDof>());
  // Adds what follows from a cotangent of sum_j weight_j value(record, sample); of a value that is
  // the cost itself, `own` is 1.
  const auto add_expectation = [&](double cotangent, double own, const auto& value) {
    double mean = 0;
    for (int64_t k = team.rank(); k < m.num_samples; k += team.size()) {
      const int64_t s = m.order[first + k];
      if (m.weight[first + s] > 0) mean += m.weight[first + s] * value(k, s);
    }
    mean = team.sum(mean);
    for (int64_t k = team.rank(); k < m.num_samples; k += team.size()) {
      const int64_t s = m.order[first + k];
      const double weight = m.weight[first + s];
      // An infinite cost has no weight.
      if (weight > 0) m.factor[first + s] += cotangent * weight * (own - (value(k, s) - mean));
    }
  };
  for (int i = 0; IsGiven(args.mean_translation_cotangent) && i < 3; ++i) {
    add_expectation(LoadAt<double>(args.mean_translation_cotangent, index, i), 0,
                    [&](int64_t, int64_t s) { return m.pose[7 * (first + s) + i]; });
  }
  if (IsGiven(args.expected_cost_cotangent)) {
    const bool prior = object.prior.active();
    add_expectation(LoadAt<double>(args.expected_cost_cotangent, index), 1,
                    [&](int64_t k, int64_t s) {
                      const double own = m.cost[first + k];
                      return prior ? own + object.prior.cost(dof, m.pose + 7 * (first + s)) : own;
                    });
  }
  constexpr double kLargest = static_cast<double>(std::numeric_limits<T>::max());
  bool fits = true;
  for (int64_t k = team.rank(); k < m.num_samples; k += team.size()) {
    const double factor = m.factor[first + m.order[first + k]];
    fits = fits && std::fabs(factor) <= kLargest;
    SampleRecord<T>& record = m.records[first + k];
    // A sample that does not count may lie where nothing is finite.
    if (factor == 0) record.pose = {};
    record.weight = static_cast<T>(factor);
  }
  if (!team.any(!fits) || thread_index() != 0) return;
  m.status[local] = PROPNP_STATUS_NON_FINITE_INPUT;
  m.bases[local].active = 0;
}

template <typename T>
struct FinishArgs {
  ReplayArgs<T> replay;
  propnp_gradients gradients;
  propnp_tensor status;
  int64_t num_tiles;
  const GradientTile* tiles;
};

// Adds the flow through an adaptive delta to the weights' gradients that are there and clears
// padding. False if a sum does not fit.
PROPNP_DEVICE bool FinishRows(const DeviceInputs<double>& in, const DeviceObject<double>& object,
                              const propnp_gradients& to, const GradientWriter& writer,
                              const AdaptiveFlow& flow, const BlockTeam& team) {
  bool fits = true;
  object.ForEachView(in, [&](const DeviceView<double>& view, int64_t v, int64_t) {
    fits = AddFlowToRows(in.problem, view, v, flow, to.w2d, to.sqrt_info, team) && fits;
    writer.ClearPadding(in, v, team);
  });
  return !team.any(!fits);
}

// sum_j factor_j d cost_j / d camera parameters of a view.
template <int kDof, typename T>
PROPNP_DEVICE void CameraGradient(const DeviceObject<double>& object,
                                  const DeviceView<double>& view, const ReplayMemory<T>& m,
                                  int64_t first, const BlockTeam& team, double* parameters) {
  const auto dof = GetDof(object, std::integral_constant<int, kDof>());
  for (int k = 0; k < kMaxCameraParameters; ++k) parameters[k] = 0;
  visit_camera(view.camera().model, [&](auto camera) {
    using Camera = typename decltype(camera)::template Camera<double>;
    const ViewModel<Camera, double> model = view.template model<Camera>(object.z_min);
    for (int64_t s = 0; s < m.num_samples; ++s) {
      const double factor = m.factor[first + s];
      if (factor == 0) continue;
      const RigidTransform<double> rig_from_object = dof.transform(m.pose + 7 * (first + s));
      for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
        Vec3<double> point = rig_from_object * view.x3d(i);
        if (view.rig()) point = *view.rig() * point;
        const SqrtInformation<double> weight = view.weight(i);
        const Vec2<double> e = weighted_residual(model, point, view.x2d(i), weight);
        const Vec2<double> pull = (factor * object.loss.evaluate(dot(e, e)).weight) * e;
        camera_vjp(model, point, weight, pull, parameters);
      }
    }
  });
  for (int k = 0; k < kMaxCameraParameters; ++k) parameters[k] = team.sum(parameters[k]);
}

// A block an object.
template <int kDof, typename T>
PROPNP_KERNEL(kThreads)
FinishKernel(FinishArgs<T> args) {
  const DeviceInputs<double>& in = *args.replay.inputs;
  const ReplayMemory<T>& m = args.replay.memory;
  const int64_t local = block_index(), index = args.replay.slice.first + local;
  const int64_t first = local * m.num_samples;
  const BlockTeam team(shared_memory());
  const GradientWriter writer(in, args.gradients);
  DeviceObject<double> object;
  object.Load(in, index, team);
  uint32_t status = m.status[local];
  if (status == 0) {
    ObjectGradient of_object;
    const GradientTile of_points = SumOfTiles(args.tiles + local * args.num_tiles, args.num_tiles);
    of_object.delta = of_points.delta;
    const AdaptiveFlow flow =
        FlowThroughDelta(in, object, of_object.delta, args.gradients.hold_delta_fixed != 0, team);
    of_object.relative_delta = flow.relative_delta;
    if (object.prior.active()) {
      SumPriorGradient<kDof>(
          object, m.pose + 7 * first, m.num_samples, [&](int64_t s) { return m.factor[first + s]; },
          PriorGradientTensors(args.gradients), team, &of_object.prior);
    }
    bool fits = FinishRows(in, object, args.gradients, writer, flow, team) && of_points.fits;
    if (writer.WantsCamera()) {
      object.ForEachView(in, [&](const DeviceView<double>& view, int64_t v, int64_t) {
        double parameters[kMaxCameraParameters];
        CameraGradient<kDof>(object, view, m, first, team, parameters);
        if (thread_index() == 0) fits = writer.StoreCamera(v, parameters) && fits;
      });
    }
    if (thread_index() == 0) fits = writer.StoreObject(index, of_object) && fits;
    if (team.any(!fits)) status = PROPNP_STATUS_NON_FINITE_INPUT;
  }
  team.barrier();
  if (status != 0) writer.Clear(in, object, team);
  if (thread_index() == 0) StoreAt(args.status, index, static_cast<int32_t>(status));
}

template <int kDof, typename T>
void RunSlices(const Problem& problem, const propnp_sample_backward_args& a, Arena* arena,
               Queue* queue) {
  const int64_t samples = a.sample_pose.shape[1], num_tiles = GradientTiles(problem);
  Arena one;
  ReplayMemory<T>::Allocate(1, samples, &one);
  const int64_t slice_size = SliceSize(problem.num_objects, static_cast<int64_t>(one.used()));
  DeviceInputs<double>* const inputs = AllocateInputs<double>(problem, arena);
  const auto memory = ReplayMemory<T>::Allocate(slice_size, samples, arena);
  GradientTile* const tiles = arena->Take<GradientTile>(slice_size * num_tiles);
  if (!queue) return;
  const propnp_gradients& g = *a.gradients;
  const bool needs_costs = IsGiven(a.expected_cost_cotangent);
  const bool needs_weights = needs_costs || IsGiven(a.mean_translation_cotangent);
  StoreInputs(problem, inputs, queue);
  ClearUnusedRows(problem, inputs, g, queue);
  ForEachSlice(problem.num_objects, slice_size, [&](const ObjectSlice& slice) {
    const ReplayArgs<T> replay{
        inputs,        slice, a.sample_pose, a.sample_log_weight, a.log_weight_cotangent,
        needs_weights, memory};
    PrepareReplay<kDof>(replay, queue);
    if (needs_costs) ComputeCosts<kDof>(SamplesOf(replay), queue);
    queue->Launch("factors of samples", FactorKernel<kDof, T>, slice.count, kThreads,
                  BlockTeam::kScratchBytes,
                  FactorArgs<T>{replay, a.mean_translation_cotangent, a.expected_cost_cotangent});
    ComputeGradient<kDof>(SamplesOf(replay), {g.x3d, g.x2d, g.w2d, g.sqrt_info, LargestOfAll(g)},
                          num_tiles, tiles, queue);
    queue->Launch("finish gradient", FinishKernel<kDof, T>, slice.count, kThreads,
                  BlockTeam::kScratchBytes, FinishArgs<T>{replay, g, a.status, num_tiles, tiles});
  });
}

auto Body(const propnp_sample_backward_args& args) {
  return [&args](const Problem& problem, Arena* arena, Queue* queue) {
    VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
      RunSlices<decltype(dof)::value, decltype(real)>(problem, args, arena, queue);
    });
  };
}

}  // namespace

int32_t SampleBackward(const propnp_sample_backward_args* args, propnp_backend_error* error) {
  return Run(*args, error, Body(*args));
}
int32_t SampleBackwardWorkspaceSize(const propnp_sample_backward_args* args, uint64_t* bytes,
                                    propnp_backend_error*) {
  *bytes = WorkspaceSize(*args, Body(*args));
  return 0;
}

}  // namespace propnp::gpu
