// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/input_gradient.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "propnp/engine/gradient_limit.h"
#include "propnp/engine/kernels/output_kernels.h"
#include "propnp/engine/object_inputs.h"
#include "propnp/engine/point_rows.h"
#include "propnp/math/camera.h"

namespace propnp {
namespace {

static_assert(kMaxKernelParameters == kMaxCameraParameters, "the kernels hold any camera");

// How many parameters the model of a row of the camera table has.
int NumParameters(const Problem& problem, int64_t camera_row) {
  int count = 0;
  visit_camera(LoadAt<int32_t>(problem.cameras->model, camera_row), [&](auto model) {
    count = decltype(model)::template Camera<double>::kNumParameters;
  });
  return count;
}

Status CheckCameraParameters(const Problem& problem, const propnp_tensor& t) {
  const char* const name = "gradients.camera_parameters";
  PROPNP_RETURN_IF_ERROR(CheckTensor(name, t, {problem.num_views, -1}, true));
  for (int64_t view = 0; IsGiven(t) && problem.readable && view < problem.num_views; ++view) {
    const int count = NumParameters(problem, problem.CameraOf(view));
    if (t.shape[1] < count) {
      return Status::InvalidArgument(std::string(name) + " has shape " + ShapeString(t) +
                                     ", but the camera of view " + std::to_string(view) + " has " +
                                     std::to_string(count) + " parameters");
    }
  }
  return Status();
}

void StoreCamera(const propnp_tensor& t, int64_t view, const double* values) {
  if (!IsGiven(t)) return;
  for (int64_t k = 0; k < t.shape[1]; ++k) {
    const double value = values && k < kMaxKernelParameters ? values[k] : 0;
    Store(t, view * t.stride[0] + k * t.stride[1], value);
  }
}

}  // namespace

InputGradient InputGradient::Allocate(const Problem& problem, Arena* arena) {
  InputGradient g = {};
  g.points = ObjectGradient::Allocate(problem, arena);
  g.camera = arena->Take<double>(problem.max_views * kMaxKernelParameters);
  return g;
}

void InputGradient::Clear(const PackedObject<double>& object) {
  points.Clear(object);
  std::fill(camera, camera + object.num_views * kMaxKernelParameters, 0.0);
  relative_delta = 0;
  prior = {};
}

double PassThroughAdaptiveDelta(const Problem& problem, const PackedObject<double>& object,
                                bool hold_delta, ObjectGradient* gradient) {
  if (problem.cost->loss != PROPNP_LOSS_ADAPTIVE_HUBER) return 0;
  ObjectGradient& points = *gradient;
  const AdaptiveDelta<double> adaptive = AdaptiveDeltaOf(object);
  const double scale = LossScale(problem, object.index);
  if (adaptive.value(scale) < object.loss.delta) return 0;  // held at its lower bound
  const double by_mean_weight = points.delta * adaptive.weight_gradient(scale);
  int64_t first = 0;
  for (int64_t v = 0; !hold_delta && v < object.num_views; ++v) {
    const PackedView<double>& view = object.views[v];
    for (int64_t i = 0; i < view.num_points; ++i) {
      const int64_t k = first + i;
      if (view.wxy) {
        SqrtInformation<double> g{0, 0, 0, 0};
        const SqrtInformation<double> w{view.wxx[i], view.wxy[i], view.wyx[i], view.wyy[i]};
        mean_weight_vjp(w, by_mean_weight, &g);
        points.wxx[k] += g.xx, points.wxy[k] += g.xy;
        points.wyx[k] += g.yx, points.wyy[k] += g.yy;
      } else {
        DiagonalWeight<double> g{0, 0};
        mean_weight_vjp(DiagonalWeight<double>{view.wxx[i], view.wyy[i]}, by_mean_weight, &g);
        points.wxx[k] += g.x, points.wyy[k] += g.y;
      }
    }
    first += view.padded_points;
  }
  return points.delta * adaptive.relative_gradient();
}

bool InputGradient::Fits(const PackedObject<double>& object,
                         const propnp_gradients& gradients) const {
  const double largest = LargestOfAll(gradients);
  int64_t padded = 0;
  for (int64_t v = 0; v < object.num_views; ++v) padded += object.views[v].padded_points;
  bool fits = AllWithin(&points.delta, 1, largest) && AllWithin(&relative_delta, 1, largest);
  for (const double* column : {points.x, points.y, points.z, points.u, points.v, points.wxx,
                               points.wyy, points.wxy, points.wyx}) {
    fits = fits && GetOutputKernels().all_within(column, padded, largest);
  }
  return fits && AllWithin(camera, object.num_views * kMaxKernelParameters, largest) &&
         PriorGradientTensors(gradients).Fit(prior, {});
}

Status CheckGradients(const Problem& problem, const propnp_gradients* gradients) {
  if (!gradients) return Status::InvalidArgument("gradients is null");
  const propnp_gradients& g = *gradients;
  if (g.struct_size < sizeof(propnp_gradients)) {
    return Status::InvalidArgument("gradients.struct_size is " + std::to_string(g.struct_size) +
                                   ", expected at least " +
                                   std::to_string(sizeof(propnp_gradients)));
  }
  const int64_t b = problem.num_objects;
  if (b == 0) return Status();
  const bool information = IsGiven(problem.correspondences->sqrt_info);
  if (information && IsGiven(g.w2d)) {
    return Status::InvalidArgument("gradients.w2d is given, but the weights came as sqrt_info");
  }
  if (!information && IsGiven(g.sqrt_info)) {
    return Status::InvalidArgument("gradients.sqrt_info is given, but sqrt_info is not");
  }
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(problem, "gradients.x3d", g.x3d, {3}, true));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(problem, "gradients.x2d", g.x2d, {2}, true));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(problem, "gradients.w2d", g.w2d, {2}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckPointTensor(problem, "gradients.sqrt_info", g.sqrt_info, {2, 2}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("gradients.delta", g.delta, {b}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("gradients.relative_delta", g.relative_delta, {b}, true));
  PROPNP_RETURN_IF_ERROR(PriorGradientTensors(g).Check(problem, kPriorNames, true));
  return CheckCameraParameters(problem, g.camera_parameters);
}

void ClearUnusedRows(const Problem& problem, const propnp_gradients& gradients) {
  if (problem.dense) return;
  const int64_t begin = LoadAt<int64_t>(problem.correspondences->offsets, problem.num_views);
  for (const propnp_tensor* t :
       {&gradients.x3d, &gradients.x2d, &gradients.w2d, &gradients.sqrt_info}) {
    if (!IsGiven(*t)) continue;
    const int64_t columns = t->ndim == 3 ? t->shape[2] : 1;
    const int64_t column_stride = t->ndim == 3 ? t->stride[2] : 0;
    for (int64_t i = begin; i < t->shape[0]; ++i) {
      for (int64_t j = 0; j < t->shape[1]; ++j) {
        for (int64_t k = 0; k < columns; ++k) {
          Store(*t, i * t->stride[0] + j * t->stride[1] + k * column_stride, 0.0);
        }
      }
    }
  }
}

void StoreGradients(const Problem& problem, const propnp_gradients& gradients, int64_t index,
                    const InputGradient* gradient) {
  const bool failed = !gradient;
  const InputGradient& g = failed ? InputGradient{} : *gradient;
  StoreAt(gradients.delta, index, g.points.delta);
  StoreAt(gradients.relative_delta, index, g.relative_delta);
  PriorGradientTensors(gradients).Store(problem, index, g.prior, {});
  const Range views = problem.ViewsOf(index);
  int64_t first = 0;
  for (int64_t view = views.begin; view < views.end; ++view) {
    const PointRows rows(problem, view, first);
    const ObjectGradient& p = g.points;
    rows.Store(gradients.x3d, failed, {p.x, p.y, p.z});
    rows.Store(gradients.x2d, failed, {p.u, p.v});
    rows.Store(gradients.w2d, failed, {p.wxx, p.wyy});
    rows.Store(gradients.sqrt_info, failed, {p.wxx, p.wxy, p.wyx, p.wyy});
    StoreCamera(gradients.camera_parameters, view,
                failed ? nullptr : g.camera + (view - views.begin) * kMaxKernelParameters);
    first += PaddedCount(problem.PointsOf(view).size());
  }
}

}  // namespace propnp
