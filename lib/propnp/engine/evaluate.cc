// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/evaluate.h"

#include <algorithm>
#include <cmath>

#include "propnp/engine/batch.h"
#include "propnp/engine/cuda_plugin.h"
#include "propnp/engine/evaluated_sums.h"
#include "propnp/engine/load_pose.h"
#include "propnp/engine/object_cost.h"
#include "propnp/engine/problem.h"
#include "propnp/engine/workspace_size.h"

namespace propnp {
namespace {

Status CheckArgs(const propnp_evaluate_args& a, Problem* problem) {
  if (a.struct_size < sizeof(propnp_evaluate_args)) {
    return Status::InvalidArgument("evaluate_args.struct_size is " + std::to_string(a.struct_size) +
                                   ", expected at least " +
                                   std::to_string(sizeof(propnp_evaluate_args)));
  }
  PROPNP_RETURN_IF_ERROR(CheckExecution(a.device, a.precision));
  PROPNP_RETURN_IF_ERROR(MakeProblem(a.correspondences, a.cameras, a.cost, problem, a.device));
  const int64_t b = problem->num_objects, d = problem->dof();
  if (b == 0) return Status();
  PROPNP_RETURN_IF_ERROR(CheckTensor("pose", a.pose, {b, problem->pose_size()}, false));
  PROPNP_RETURN_IF_ERROR(CheckTensor("cost_value", a.cost_value, {b}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("delta", a.delta, {b}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("gradient", a.gradient, {b, d}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("hessian", a.hessian, {b, d, d}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("status", a.status, {b}, true, PROPNP_INT32));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(*problem, "pixel_error", a.pixel_error, {2}, true));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(*problem, "residual", a.residual, {2}, true));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(*problem, "loss_weight", a.loss_weight, {}, true));
  return CheckPointTensor(*problem, "jacobian", a.jacobian, {2, d}, true);
}

// Sets every row of a view in a per-point tensor to zero, padding too.
void ClearRows(const Problem& problem, const propnp_tensor& t, int64_t view) {
  if (!IsGiven(t)) return;
  const Range points = problem.PointsOf(view);
  const int first_axis = problem.dense ? 2 : 1;
  const int64_t rows = problem.dense ? t.shape[1] : points.size();
  const int64_t outer = t.ndim > first_axis ? t.shape[first_axis] : 1;
  const int64_t inner = t.ndim > first_axis + 1 ? t.shape[first_axis + 1] : 1;
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < outer; ++j) {
      for (int64_t k = 0; k < inner; ++k) {
        int64_t element = problem.FirstElement(t, view, points) + i * problem.PointStride(t);
        if (t.ndim > first_axis) element += j * t.stride[first_axis];
        if (t.ndim > first_axis + 1) element += k * t.stride[first_axis + 1];
        Store(t, element, 0.0);
      }
    }
  }
}

// Writes the per-point outputs of one view of one object.
template <int kDof, typename T>
class RowWriter {
 public:
  RowWriter(const Problem& problem, const propnp_evaluate_args& args,
            const ObjectCost<kDof, T>& cost, const PackedView<T>& view, int64_t view_index)
      : problem_(problem),
        args_(args),
        cost_(cost),
        view_(view),
        view_index_(view_index),
        points_(problem.PointsOf(view_index)),
        clamped_rows_(args.drop_clamped_rows ? ClampedRows::kDrop : ClampedRows::kExact) {}

  // False if a number does not fit into its tensor; what is written then has no meaning.
  bool Write(const T* pose) {
    visit_camera(view_.camera_model, [&](auto camera) {
      using Camera = typename decltype(camera)::template Camera<T>;
      ViewModel<Camera, T> model;
      model.camera = Camera::from_parameters(view_.camera_parameters, view_.camera_limit);
      model.box = {view_.has_box != 0, {view_.box[0], view_.box[1]}, {view_.box[2], view_.box[3]}};
      model.z_min = view_.z_min;
      const RigidTransform<T> rig_from_object = cost_.dof().transform(pose);
      for (int64_t i = 0; i < view_.num_points; ++i) WritePoint(model, rig_from_object, i);
    });
    return fits_;
  }

 private:
  template <typename Model>
  void WritePoint(const Model& model, const RigidTransform<T>& rig_from_object, int64_t i) {
    const Vec3<T> rotated = rig_from_object.rotation * Vec3<T>{view_.x[i], view_.y[i], view_.z[i]};
    Vec3<T> point = rotated + rig_from_object.translation;
    if (view_.has_rig) point = CameraFromRig() * point;
    const Vec2<T> x2d{view_.u[i], view_.v[i]};
    const Vec2<T> error = reprojection_error(model, point, x2d);
    PointResidual<T> r =
        view_.wxy
            ? residual_with_jacobian(
                  model, point, x2d,
                  SqrtInformation<T>{view_.wxx[i], view_.wxy[i], view_.wyx[i], view_.wyy[i]},
                  clamped_rows_)
            : residual_with_jacobian(model, point, x2d,
                                     DiagonalWeight<T>{view_.wxx[i], view_.wyy[i]}, clamped_rows_);
    if (view_.has_rig) {
      r.x_gradient = transposed_times(CameraFromRig().rotation, r.x_gradient);
      r.y_gradient = transposed_times(CameraFromRig().rotation, r.y_gradient);
    }
    StorePair(args_.pixel_error, i, error);
    StorePair(args_.residual, i, r.e);
    if (IsGiven(args_.loss_weight)) {
      Put(args_.loss_weight, Element(args_.loss_weight, i),
          cost_.object().loss.evaluate(dot(r.e, r.e)).weight);
    }
    if (!IsGiven(args_.jacobian)) return;
    T row[kDof];
    cost_.dof().tangent_row(r.x_gradient, rotated, row);
    StoreJacobianRow(i, 0, row);
    cost_.dof().tangent_row(r.y_gradient, rotated, row);
    StoreJacobianRow(i, 1, row);
  }

  RigidTransform<T> CameraFromRig() const {
    const T* r = view_.camera_from_rig_rotation;
    const T* t = view_.camera_from_rig_translation;
    return {{{r[0], r[1], r[2]}, {r[3], r[4], r[5]}, {r[6], r[7], r[8]}}, {t[0], t[1], t[2]}};
  }

  int64_t Element(const propnp_tensor& t, int64_t i) const {
    return problem_.FirstElement(t, view_index_, points_) + i * problem_.PointStride(t);
  }

  void Put(const propnp_tensor& t, int64_t element, T value) {
    fits_ = fits_ && std::fabs(static_cast<double>(value)) <= LargestOf(t);
    Store(t, element, value);
  }

  void StorePair(const propnp_tensor& t, int64_t i, const Vec2<T>& value) {
    if (!IsGiven(t)) return;
    Put(t, Element(t, i), value.x);
    Put(t, Element(t, i) + problem_.ComponentStride(t), value.y);
  }

  void StoreJacobianRow(int64_t i, int coordinate, const T* row) {
    const propnp_tensor& t = args_.jacobian;
    const int64_t first = Element(t, i) + coordinate * problem_.ComponentStride(t);
    for (int k = 0; k < kDof; ++k) Put(t, first + k * t.stride[t.ndim - 1], row[k]);
  }

  const Problem& problem_;
  const propnp_evaluate_args& args_;
  const ObjectCost<kDof, T>& cost_;
  const PackedView<T>& view_;
  const int64_t view_index_;
  const Range points_;
  const ClampedRows clamped_rows_;
  bool fits_ = true;
};

void ClearAllRows(const Problem& problem, const propnp_evaluate_args& args, const Range& views) {
  for (int64_t view = views.begin; view < views.end; ++view) {
    for (const propnp_tensor* t :
         {&args.pixel_error, &args.residual, &args.loss_weight, &args.jacobian}) {
      ClearRows(problem, *t, view);
    }
  }
}

template <int kDof, typename T>
void EvaluateObject(const Problem& problem, const propnp_evaluate_args& args, int64_t index,
                    const PreparedCamera<T>* cameras, PackedObject<T>* object) {
  const Range views = problem.ViewsOf(index);
  ClearAllRows(problem, args, views);
  NormalEquations<kDof, T> equations = {};
  T pose[7], delta = 0;
  object->Gather(problem, cameras, index);
  uint32_t status = object->status;
  if (!LoadPose<kDof>(args.pose, index, pose)) status |= PROPNP_STATUS_NON_FINITE_INPUT;
  // Unlike a solution, a cost needs no three points.
  if (!(status & PROPNP_STATUS_NON_FINITE_INPUT) && object->num_points > 0) {
    const ObjectCost<kDof, T> cost(*object);
    cost.Evaluate(pose, Curvature::kHessian,
                  args.drop_clamped_rows ? ClampedRows::kDrop : ClampedRows::kExact, &equations);
    delta = object->loss.delta;
    bool fits = SumsFit(args, &equations) && AllWithin(&delta, 1, LargestOf(args.delta));
    for (int64_t k = 0; fits && k < object->num_views; ++k) {
      fits = RowWriter<kDof, T>(problem, args, cost, object->views[k], views.begin + k).Write(pose);
    }
    if (!fits) {
      status |= PROPNP_STATUS_NON_FINITE_INPUT;
      equations = {}, delta = 0;
      ClearAllRows(problem, args, views);
    }
  }
  StoreAt(args.cost_value, index, equations.cost);
  StoreAt(args.delta, index, delta);
  StoreRow(args.gradient, index, equations.gradient, kDof);
  StoreMatrix(args.hessian, index, equations.curvature, kDof);
  StoreAt(args.status, index, static_cast<int32_t>(status));
}

template <typename T>
auto ObjectAllocator(const Problem& problem) {
  return [&](Arena* arena) { return PackedObject<T>::Allocate(problem, arena); };
}

}  // namespace

Status EvaluateWorkspaceSize(const Context& context, const propnp_evaluate_args& args,
                             uint64_t* bytes) {
  const auto on_cpu = [&](const Problem& problem) {
    return VisitDofAndPrecision(problem, args.precision, [&](auto /*dof*/, auto real) {
      using T = decltype(real);
      return BatchLayout<T>(problem, context.num_threads(), ObjectAllocator<T>(problem))
          .total_bytes();
    });
  };
  return FindWorkspaceSize(args, CheckArgs, &propnp_backend::evaluate_workspace_size, on_cpu,
                           bytes);
}

Status Evaluate(Context& context, const propnp_evaluate_args& args) {
  Problem problem;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &problem));
  if (IsOnDevice(args)) return RunOnDevice(&propnp_backend::evaluate, args);
  if (problem.num_objects == 0) return Status();
  return VisitDofAndPrecision(problem, args.precision, [&](auto dof, auto real) {
    using T = decltype(real);
    return RunBatch<T>(
        context, problem, args.workspace, args.workspace_size, ObjectAllocator<T>(problem),
        [&](int64_t index, const PreparedCamera<T>* cameras, PackedObject<T>* object) {
          EvaluateObject<dof>(problem, args, index, cameras, object);
        });
  });
}

}  // namespace propnp
