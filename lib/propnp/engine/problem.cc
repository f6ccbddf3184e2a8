// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/problem.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "propnp/engine/check_args.h"
#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/engine/object_prior.h"

namespace propnp {
namespace {

bool IsFloat(int32_t dtype) { return dtype == PROPNP_FLOAT32 || dtype == PROPNP_FLOAT64; }

const char* DtypeName(int32_t dtype) {
  switch (dtype) {
    case PROPNP_FLOAT32:
      return "float32";
    case PROPNP_FLOAT64:
      return "float64";
    case PROPNP_INT32:
      return "int32";
    case PROPNP_INT64:
      return "int64";
    case PROPNP_UINT64:
      return "uint64";
    default:
      return "an unknown type";
  }
}

std::string Join(const int64_t* extents, int count) {
  std::string text = "(";
  for (int i = 0; i < count; ++i) {
    if (i) text += ", ";
    text += extents[i] < 0 ? std::string("any") : std::to_string(extents[i]);
  }
  return text + ")";
}

Status Bad(const std::string& message) { return Status::InvalidArgument(message); }

// Beyond these no address or size can be computed, and no memory is that large.
constexpr int64_t kMostElements = int64_t{1} << 58;
constexpr int64_t kMostOfAnObject = std::numeric_limits<int32_t>::max();

int64_t SizeOf(int32_t dtype) { return dtype == PROPNP_FLOAT32 || dtype == PROPNP_INT32 ? 4 : 8; }

// Every element has an address, and every count of elements a number.
Status CheckAddresses(const char* name, const propnp_tensor& t) {
  if (reinterpret_cast<uintptr_t>(t.data) % SizeOf(t.dtype) != 0) {
    return Bad(std::string(name) + " is not aligned to its " + DtypeName(t.dtype));
  }
  double span = 0, count = 1;
  for (int i = 0; i < t.ndim; ++i) {
    const auto extent = static_cast<double>(t.shape[i]);
    span += std::fabs(static_cast<double>(t.stride[i])) * std::max(extent - 1, 0.0);
    count *= std::max(extent, 1.0);
  }
  if (std::max(span, count) <= static_cast<double>(kMostElements)) return Status();
  return Bad(std::string(name) + " has shape " + ShapeString(t) + " and strides " +
             Join(t.stride, t.ndim) + ": more than there can be memory");
}

Status CheckShape(const char* name, const propnp_tensor& t, const int64_t* shape, int ndim,
                  bool optional, int32_t dtype) {
  if (!IsGiven(t)) {
    return optional ? Status()
                    : Bad(std::string(name) + " is missing: expected shape " + Join(shape, ndim));
  }
  if (dtype ? t.dtype != dtype : !IsFloat(t.dtype)) {
    return Bad(std::string(name) + " is " + DtypeName(t.dtype) + ", expected " +
               (dtype ? DtypeName(dtype) : "float32 or float64"));
  }
  bool fits = t.ndim == ndim;
  for (int i = 0; fits && i < ndim; ++i) {
    fits = t.shape[i] >= 0 && (shape[i] < 0 || t.shape[i] == shape[i]);
  }
  if (!fits) {
    return Bad(std::string(name) + " has shape " + ShapeString(t) + ", expected " +
               Join(shape, ndim));
  }
  return CheckAddresses(name, t);
}

template <typename Struct>
Status CheckStruct(const char* name, const Struct* s) {
  return s ? CheckStructSize(name, *s) : Bad(std::string(name) + " is null");
}

// A non-decreasing int64 list that starts at 0 and ends at `end` (or anywhere if -1).
Status CheckOffsets(const Problem& problem, const char* name, const propnp_tensor& t, int64_t rows,
                    int64_t end) {
  PROPNP_RETURN_IF_ERROR(CheckTensor(name, t, {rows + 1}, false, PROPNP_INT64));
  if (!problem.readable) return Status();
  int64_t previous = 0;
  for (int64_t i = 0; i <= rows; ++i) {
    const int64_t offset = LoadAt<int64_t>(t, i);
    if (offset < previous || (i == 0 && offset != 0) || (end >= 0 && offset > end)) {
      return Bad(std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(offset) +
                 ": offsets start at 0, never decrease and end within " + std::to_string(end));
    }
    previous = offset;
  }
  return Status();
}

Status CheckIndices(const Problem& problem, const char* name, const propnp_tensor& t, int64_t rows,
                    int64_t low, int64_t high) {
  PROPNP_RETURN_IF_ERROR(CheckTensor(name, t, {rows}, true, PROPNP_INT32));
  if (!IsGiven(t) || !problem.readable) return Status();
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t index = LoadAt<int64_t>(t, i);
    if (index < low || index >= high) {
      return Bad(std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(index) +
                 ", expected " + std::to_string(low) + " to " + std::to_string(high - 1));
    }
  }
  return Status();
}

int NumParameters(int32_t model) {
  switch (model) {
    case PROPNP_CAMERA_OPENCV:
      return 12;
    case PROPNP_CAMERA_FISHEYE:
      return 8;
    default:
      return 5;
  }
}

Status CheckCameras(const propnp_cameras& cameras, bool readable, int64_t* num_cameras) {
  PROPNP_RETURN_IF_ERROR(CheckTensor("cameras.model", cameras.model, {-1}, false, PROPNP_INT32));
  const int64_t count = cameras.model.shape[0];
  *num_cameras = count;
  PROPNP_RETURN_IF_ERROR(CheckCount("cameras.model", cameras.model, count));
  PROPNP_RETURN_IF_ERROR(CheckTensor("cameras.parameters", cameras.parameters, {count, -1}, false));
  PROPNP_RETURN_IF_ERROR(CheckTensor("cameras.box_px", cameras.box_px, {count, 4}, true));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("cameras.size_px", cameras.size_px, {count, 2}, true, PROPNP_INT32));
  for (int64_t i = 0; readable && i < count; ++i) {
    const auto where = [&](const char* field) {
      return std::string("cameras.") + field + "[" + std::to_string(i) + "]";
    };
    const int32_t model = LoadAt<int32_t>(cameras.model, i);
    if (model < 0 || model >= PROPNP_NUM_CAMERA_MODELS) {
      return Bad(where("model") + " is " + std::to_string(model) + ", expected 0 to " +
                 std::to_string(PROPNP_NUM_CAMERA_MODELS - 1));
    }
    const int parameters = NumParameters(model);
    if (cameras.parameters.shape[1] < parameters) {
      return Bad("cameras.parameters has shape " + ShapeString(cameras.parameters) + ", but row " +
                 std::to_string(i) + " needs " + std::to_string(parameters) + " parameters");
    }
    for (int k = 0; k < parameters; ++k) {
      if (!std::isfinite(LoadAt<double>(cameras.parameters, i, k))) {
        return Bad(where("parameters") + "[" + std::to_string(k) + "] is not finite");
      }
    }
    const int focal_lengths = model == PROPNP_CAMERA_SIMPLE_RADIAL ? 1 : 2;
    for (int k = 0; k < focal_lengths; ++k) {
      if (LoadAt<double>(cameras.parameters, i, k) == 0) {
        return Bad(where("parameters") + ": focal length " + std::to_string(k) + " is zero");
      }
    }
    if (IsGiven(cameras.box_px)) {
      const double u_min = LoadAt<double>(cameras.box_px, i, 0);
      const double v_min = LoadAt<double>(cameras.box_px, i, 1);
      if (!(u_min <= LoadAt<double>(cameras.box_px, i, 2)) ||
          !(v_min <= LoadAt<double>(cameras.box_px, i, 3))) {
        return Bad(where("box_px") + " is empty: expected u_min <= u_max and v_min <= v_max");
      }
    }
  }
  return Status();
}

Status CheckCost(const propnp_cost_options& cost, int64_t num_objects) {
  if (cost.dof != 6 && cost.dof != 4) {
    return Bad("cost.dof is " + std::to_string(cost.dof) + ", expected 6 or 4");
  }
  if (cost.loss < PROPNP_LOSS_NONE || cost.loss > PROPNP_LOSS_CAUCHY) {
    return Bad("cost.loss is " + std::to_string(cost.loss) + ", expected 0 to 3");
  }
  const bool adaptive = cost.loss == PROPNP_LOSS_ADAPTIVE_HUBER;
  const double scale = adaptive ? cost.relative_delta : cost.delta;
  if (cost.loss != PROPNP_LOSS_NONE && !IsGiven(cost.object_delta) &&
      !(scale > 0 && std::isfinite(scale))) {
    return Bad(std::string(adaptive ? "cost.relative_delta" : "cost.delta") + " is " +
               std::to_string(scale) + ", expected a positive number");
  }
  if (!(cost.z_min >= 0) || !std::isfinite(cost.z_min)) {
    return Bad("cost.z_min is " + std::to_string(cost.z_min) +
               ", expected a positive depth or 0 for the default");
  }
  if (cost.dof == 4) PROPNP_RETURN_IF_ERROR(CheckYawAxis("cost.yaw_axis", cost.yaw_axis));
  PROPNP_RETURN_IF_ERROR(CheckTensor("cost.object_delta", cost.object_delta, {num_objects}, true));
  if (!cost.prior || num_objects == 0) return Status();
  PROPNP_RETURN_IF_ERROR(CheckStruct("cost.prior", cost.prior));
  return CheckPrior(cost, num_objects);
}

Status ResolveLayout(const propnp_correspondences& c, Problem* problem) {
  const int ndim = IsGiven(c.x3d) ? c.x3d.ndim : 0;
  if (ndim != 2 && ndim != 3) {
    return Bad("x3d has shape " + ShapeString(c.x3d) +
               ", expected (views, points, 3) or (points, 3)");
  }
  problem->dense = ndim == 3;
  problem->dtype = c.x3d.dtype;
  problem->num_objects = c.num_objects;
  if (c.num_objects < 0 || c.num_objects > kMostElements) {
    return Bad("num_objects is " + std::to_string(c.num_objects));
  }
  if (IsGiven(c.view_offsets)) {
    PROPNP_RETURN_IF_ERROR(
        CheckOffsets(*problem, "view_offsets", c.view_offsets, c.num_objects, -1));
    problem->num_views = problem->readable ? LoadAt<int64_t>(c.view_offsets, c.num_objects)
                         : problem->dense  ? c.x3d.shape[0]
                                           : std::max<int64_t>(c.offsets.shape[0], 1) - 1;
  } else {
    problem->num_views = c.num_objects;
  }
  const int64_t views = problem->num_views;
  if (views > kMostElements) {
    return Bad("view_offsets ends at " + std::to_string(views) + ", more than there can be views");
  }
  if (problem->dense) {
    PROPNP_RETURN_IF_ERROR(CheckTensor("x3d", c.x3d, {views, -1, 3}, false));
    PROPNP_RETURN_IF_ERROR(CheckTensor("counts", c.counts, {views}, true, PROPNP_INT64));
    if (IsGiven(c.offsets)) return Bad("offsets go with packed points, x3d of shape (points, 3)");
    for (int64_t v = 0; IsGiven(c.counts) && problem->readable && v < views; ++v) {
      const int64_t count = LoadAt<int64_t>(c.counts, v);
      if (count < 0 || count > c.x3d.shape[1]) {
        return Bad("counts[" + std::to_string(v) + "] is " + std::to_string(count) +
                   ", expected 0 to " + std::to_string(c.x3d.shape[1]));
      }
    }
    return Status();
  }
  PROPNP_RETURN_IF_ERROR(CheckTensor("x3d", c.x3d, {-1, 3}, false));
  if (IsGiven(c.counts)) return Bad("counts go with dense points, x3d of shape (views, points, 3)");
  return CheckOffsets(*problem, "offsets", c.offsets, views, c.x3d.shape[0]);
}

Status CheckPoints(const propnp_correspondences& c, const Problem& problem) {
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(problem, "x2d", c.x2d, {2}, false));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(problem, "w2d", c.w2d, {2}, true));
  PROPNP_RETURN_IF_ERROR(CheckPointTensor(problem, "sqrt_info", c.sqrt_info, {2, 2}, true));
  if (IsGiven(c.w2d) && IsGiven(c.sqrt_info)) {
    return Bad("w2d and sqrt_info are both given: expected one of them");
  }
  return Status();
}

Status CheckViews(const propnp_correspondences& c, const Problem& problem) {
  const int64_t views = problem.num_views;
  if (!IsGiven(c.view_camera) && problem.num_cameras != 1 && problem.num_cameras != views) {
    return Bad("view_camera is missing: " + std::to_string(problem.num_cameras) + " cameras for " +
               std::to_string(views) + " views need it");
  }
  PROPNP_RETURN_IF_ERROR(
      CheckIndices(problem, "view_camera", c.view_camera, views, 0, problem.num_cameras));
  const int64_t rigs = IsGiven(c.camera_from_rig) ? c.camera_from_rig.shape[0] : 0;
  PROPNP_RETURN_IF_ERROR(CheckTensor("camera_from_rig", c.camera_from_rig, {rigs, 7}, true));
  PROPNP_RETURN_IF_ERROR(CheckIndices(problem, "view_rig", c.view_rig, views, -1, rigs));
  PROPNP_RETURN_IF_ERROR(
      CheckTensor("base_rotation", c.base_rotation, {problem.num_objects, 4}, true));
  return CheckTensor("object_ids", c.object_ids, {problem.num_objects}, true, PROPNP_UINT64);
}

Status MeasureObjects(Problem* problem) {
  problem->max_padded_points = 0;
  problem->max_views = 0;
  for (int64_t object = 0; object < problem->num_objects; ++object) {
    const Range views = problem->ViewsOf(object);
    int64_t points = 0;
    for (int64_t view = views.begin; view < views.end && points <= kMostOfAnObject; ++view) {
      points += PaddedCount(problem->PointsOf(view).size());
    }
    if (std::max(points, views.size()) > kMostOfAnObject) {
      return Bad("object " + std::to_string(object) + " has more than " +
                 std::to_string(kMostOfAnObject) + " points or views");
    }
    problem->max_padded_points = std::max(problem->max_padded_points, points);
    problem->max_views = std::max(problem->max_views, views.size());
  }
  return Status();
}

}  // namespace

std::string ShapeString(const propnp_tensor& t) {
  if (!IsGiven(t)) return "(not given)";
  return Join(t.shape, std::min(std::max(t.ndim, 0), 4));
}

Status CheckExecution(int32_t device, int32_t precision) {
  if (device < -1) {
    return Bad("device is " + std::to_string(device) +
               ", expected -1 for the CPU or the ordinal of a CUDA device");
  }
  if (precision != 0 && !IsFloat(precision)) {
    return Bad("precision is " + std::to_string(precision) + ", expected float32, float64 or 0");
  }
  return Status();
}

Status CheckYawAxis(const char* name, const double* axis) {
  const double norm = std::sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
  if (std::fabs(norm - 1) < 1e-6) return Status();
  return Bad(std::string(name) + " has length " + std::to_string(norm) +
             ", expected a unit vector");
}

Status CheckTensor(const char* name, const propnp_tensor& tensor,
                   std::initializer_list<int64_t> shape, bool optional, int32_t dtype) {
  return CheckShape(name, tensor, shape.begin(), static_cast<int>(shape.size()), optional, dtype);
}

Status CheckPointTensor(const Problem& problem, const char* name, const propnp_tensor& tensor,
                        std::initializer_list<int64_t> extra, bool optional) {
  const propnp_tensor& x3d = problem.correspondences->x3d;
  int64_t shape[4];
  int ndim = 0;
  for (int i = 0; i + 1 < x3d.ndim; ++i) shape[ndim++] = x3d.shape[i];
  for (int64_t extent : extra) shape[ndim++] = extent;
  return CheckShape(name, tensor, shape, ndim, optional, 0);
}

Status MakeProblem(const propnp_correspondences* correspondences, const propnp_cameras* cameras,
                   const propnp_cost_options* cost, Problem* problem, int32_t device) {
  PROPNP_RETURN_IF_ERROR(CheckStruct("correspondences", correspondences));
  PROPNP_RETURN_IF_ERROR(CheckStruct("cameras", cameras));
  PROPNP_RETURN_IF_ERROR(CheckStruct("cost", cost));
  *problem = {};
  problem->correspondences = correspondences;
  problem->cameras = cameras;
  problem->cost = cost;
  problem->readable = device < 0;
  if (correspondences->num_objects == 0) return CheckCost(*cost, 0);
  PROPNP_RETURN_IF_ERROR(ResolveLayout(*correspondences, problem));
  PROPNP_RETURN_IF_ERROR(CheckPoints(*correspondences, *problem));
  PROPNP_RETURN_IF_ERROR(CheckCameras(*cameras, problem->readable, &problem->num_cameras));
  PROPNP_RETURN_IF_ERROR(CheckViews(*correspondences, *problem));
  PROPNP_RETURN_IF_ERROR(CheckCost(*cost, problem->num_objects));
  return problem->readable ? MeasureObjects(problem) : Status();
}

}  // namespace propnp
