// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The cost at given poses: a warp an object.
#include "cuda_sampler/call.h"
#include "cuda_sampler/operations.h"
#include "cuda_sampler/team_cost.h"
#include "propnp/engine/evaluated_sums.h"
#include "propnp/engine/load_pose.h"

namespace propnp::gpu {
namespace {

constexpr int kThreads = 128, kObjectsPerBlock = kThreads / kWarpSize;

template <typename T>
struct EvaluateKernelArgs {
  const DeviceInputs<T>* inputs;
  propnp_evaluate_args args;  // its tensors
};

// The elements of one row of points in the outputs.
class Row {
 public:
  PROPNP_DEVICE Row(const Problem& problem, int64_t view, const Range& points, int64_t i)
      : problem_(problem), view_(view), points_(points), i_(i) {}

  PROPNP_DEVICE int64_t Element(const propnp_tensor& t) const {
    return problem_.FirstElement(t, view_, points_) + i_ * problem_.PointStride(t);
  }
  // Each returns whether the numbers fit.
  template <typename T>
  PROPNP_DEVICE bool StorePair(const propnp_tensor& t, const Vec2<T>& value) const {
    return !IsGiven(t) || (Put(t, Element(t), value.x) &
                           Put(t, Element(t) + problem_.ComponentStride(t), value.y));
  }
  template <typename T>
  PROPNP_DEVICE bool StoreScalar(const propnp_tensor& t, T value) const {
    return !IsGiven(t) || Put(t, Element(t), value);
  }
  template <int kDof, typename T>
  PROPNP_DEVICE bool StoreJacobian(const propnp_tensor& t, int coordinate, const T* row) const {
    if (!IsGiven(t)) return true;
    const int64_t first = Element(t) + coordinate * problem_.ComponentStride(t);
    bool fits = true;
    for (int k = 0; k < kDof; ++k) fits &= Put(t, first + k * t.stride[t.ndim - 1], row[k]);
    return fits;
  }

 private:
  template <typename T>
  PROPNP_DEVICE static bool Put(const propnp_tensor& t, int64_t element, T value) {
    Store(t, element, value);
    // Any tensor holds a number of single precision.
    if constexpr (std::is_same_v<T, float>) return value - value == 0;
    return AllWithin(&value, 1, LargestOf(t));
  }

  const Problem& problem_;
  const int64_t view_;
  const Range points_;
  const int64_t i_;
};

template <int kDof, typename T>
PROPNP_DEVICE bool StorePoint(const propnp_evaluate_args& out, const Row& row,
                              const DeviceObject<T>& object, const DeviceView<T>& view, int64_t i,
                              const RigidTransform<T>& rig_from_object) {
  const DofPolicyOf<kDof, T> dof = GetDof(object, std::integral_constant<int, kDof>());
  const Vec3<T> rotated = rig_from_object.rotation * view.x3d(i);
  Vec3<T> point = rotated + rig_from_object.translation;
  if (view.rig()) point = *view.rig() * point;
  const Vec2<T> x2d = view.x2d(i);
  PointResidual<T> r =
      view.Residual(object.z_min, point, x2d, view.weight(i),
                    out.drop_clamped_rows ? ClampedRows::kDrop : ClampedRows::kExact);
  if (view.rig()) {
    r.x_gradient = transposed_times(view.rig()->rotation, r.x_gradient);
    r.y_gradient = transposed_times(view.rig()->rotation, r.y_gradient);
  }
  bool fits = row.StorePair(out.pixel_error, view.PixelError(object.z_min, point, x2d));
  fits &= row.StorePair(out.residual, r.e);
  fits &= row.StoreScalar(out.loss_weight, object.loss.evaluate(dot(r.e, r.e)).weight);
  T tangent[kDof];
  dof.tangent_row(r.x_gradient, rotated, tangent);
  fits &= row.template StoreJacobian<kDof>(out.jacobian, 0, tangent);
  dof.tangent_row(r.y_gradient, rotated, tangent);
  fits &= row.template StoreJacobian<kDof>(out.jacobian, 1, tangent);
  return fits;
}

// False if a number of a point does not fit into its tensor.
template <int kDof, typename T>
PROPNP_DEVICE bool StorePoints(const DeviceInputs<T>& in, const propnp_evaluate_args& out,
                               const DeviceObject<T>& object, const T* pose, const WarpTeam& team) {
  const RigidTransform<T> rig_from_object =
      GetDof(object, std::integral_constant<int, kDof>()).transform(pose);
  bool fits = true;
  object.ForEachView(in, [&](const DeviceView<T>& view, int64_t v, int64_t) {
    for (int64_t i = team.rank(); i < view.num_points(); i += team.size()) {
      const Row row(in.problem, v, view.points(), i);
      fits &= StorePoint<kDof>(out, row, object, view, i, rig_from_object);
    }
  });
  return !team.any(!fits);
}

// Zeros for the padding that follows an object's points, or for the points, too.
template <int kDof, typename T>
PROPNP_DEVICE void ClearRows(const DeviceInputs<T>& in, const propnp_evaluate_args& out,
                             const Range& views, bool padding_only, const WarpTeam& team) {
  constexpr T kZeros[kDof] = {};
  for (int64_t v = views.begin; v < views.end; ++v) {
    Range points;
    if (!in.PointsOf(v, &points)) continue;
    const int64_t rows = in.problem.dense ? in.correspondences.x3d.shape[1] : points.size();
    for (int64_t i = (padding_only ? points.size() : 0) + team.rank(); i < rows; i += team.size()) {
      const Row row(in.problem, v, points, i);
      row.StorePair(out.pixel_error, Vec2<T>{T(0), T(0)});
      row.StorePair(out.residual, Vec2<T>{T(0), T(0)});
      row.StoreScalar(out.loss_weight, T(0));
      row.template StoreJacobian<kDof>(out.jacobian, 0, kZeros);
      row.template StoreJacobian<kDof>(out.jacobian, 1, kZeros);
    }
  }
}

template <int kDof, typename T>
PROPNP_KERNEL(kThreads)
EvaluateKernel(PROPNP_ARGUMENT EvaluateKernelArgs<T> call) {
  const WarpTeam team;
  const DeviceInputs<T>& in = *call.inputs;
  const propnp_evaluate_args& out = call.args;
  const int64_t index = block_index() * kObjectsPerBlock + thread_index() / kWarpSize;
  if (index >= in.problem.num_objects) return;
  DeviceObject<T> object;
  object.Load(in, index, team);
  uint32_t status = object.status;
  T pose[7];
  if (!LoadPose<kDof>(out.pose, index, pose)) status |= PROPNP_STATUS_NON_FINITE_INPUT;
  // Unlike a solution, a cost needs no three points.
  const bool usable = !(status & PROPNP_STATUS_NON_FINITE_INPUT) && object.num_points > 0;
  bool fits = usable;
  NormalEquations<kDof, T> equations = {};
  if (usable) {
    TeamCost<kDof, T, WarpTeam>(in, object, team)
        .Evaluate(pose, Curvature::kHessian,
                  out.drop_clamped_rows ? ClampedRows::kDrop : ClampedRows::kExact, &equations);
    fits = SumsFit(out, &equations) && AllWithin(&object.loss.delta, 1, LargestOf(out.delta)) &&
           StorePoints<kDof>(in, out, object, pose, team);
  }
  ClearRows<kDof>(in, out, object.views, fits, team);
  if (usable && !fits) {
    status |= PROPNP_STATUS_NON_FINITE_INPUT;
    equations = {};
  }
  if (team.rank() != 0) return;
  StoreAt(out.cost_value, index, equations.cost);
  StoreAt(out.delta, index, fits ? object.loss.delta : T(0));
  StoreRow(out.gradient, index, equations.gradient, kDof);
  StoreMatrix(out.hessian, index, equations.curvature, kDof);
  StoreAt(out.status, index, static_cast<int32_t>(status));
}

auto Body(const propnp_evaluate_args& args) {
  return [&args](const Problem& problem, Arena* arena, Queue* queue) {
    VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
      using T = decltype(real);
      DeviceInputs<T>* const inputs = AllocateInputs<T>(problem, arena);
      if (!queue) return;
      StoreInputs(problem, inputs, queue);
      queue->Launch("evaluate", EvaluateKernel<decltype(dof)::value, T>,
                    DivideUp(problem.num_objects, kObjectsPerBlock), kThreads, 0,
                    EvaluateKernelArgs<T>{inputs, args});
    });
  };
}

}  // namespace

int32_t Evaluate(const propnp_evaluate_args* args, propnp_backend_error* error) {
  return Run(*args, error, Body(*args));
}

int32_t EvaluateWorkspaceSize(const propnp_evaluate_args* args, uint64_t* bytes,
                              propnp_backend_error*) {
  *bytes = WorkspaceSize(*args, Body(*args));
  return 0;
}

}  // namespace propnp::gpu
