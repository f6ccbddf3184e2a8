// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/draw.h"

#include <cmath>

#include "propnp/engine/arena.h"
#include "propnp/engine/check_args.h"
#include "propnp/engine/for_each_row.h"
#include "propnp/engine/load_weights.h"
#include "propnp/engine/posterior_summary.h"
#include "propnp/engine/workspace.h"

namespace propnp {
namespace {

struct DrawSizes {
  int64_t objects, samples, draws, pose_size;
};

Status CheckArgs(const propnp_draw_args& a, DrawSizes* sizes) {
  PROPNP_RETURN_IF_ERROR(CheckPoseArgs("draw_args", a));
  PROPNP_RETURN_IF_ERROR(CheckSeedPointer(a.seed_pointer));
  PROPNP_RETURN_IF_ERROR(CheckTensor("sample_log_weight", a.sample_log_weight, {-1, -1}, false));
  const int64_t b = a.sample_log_weight.shape[0], s = a.sample_log_weight.shape[1];
  const propnp_tensor& counted = IsGiven(a.draws) ? a.draws : a.chosen;
  const int64_t k = IsGiven(counted) && counted.ndim >= 2 ? counted.shape[1] : 0;
  int64_t p = 0;
  if (IsGiven(a.draws)) {
    PROPNP_RETURN_IF_ERROR(CheckTensor("sample_pose", a.sample_pose, {b, s, -1}, false));
    p = a.sample_pose.shape[2];
    PROPNP_RETURN_IF_ERROR(CheckPoseSize("sample_pose", a.sample_pose, p));
  }
  PROPNP_RETURN_IF_ERROR(CheckTensor("draws", a.draws, {b, k, p}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("chosen", a.chosen, {b, k}, true, PROPNP_INT32));
  PROPNP_RETURN_IF_ERROR(CheckTensor("object_ids", a.object_ids, {b}, true, PROPNP_UINT64));
  PROPNP_RETURN_IF_ERROR(CheckTensor("status", a.status, {b}, true, PROPNP_INT32));
  PROPNP_RETURN_IF_ERROR(CheckCount("sample_log_weight", a.sample_log_weight, s));
  PROPNP_RETURN_IF_ERROR(CheckCount("draws", counted, k));
  *sizes = {b, s, k, p};
  return Status();
}

struct Scratch {
  double* weights;  // (S)
  int32_t* chosen;  // (K)

  static Scratch Allocate(const DrawSizes& sizes, Arena* arena) {
    return {arena->Take<double>(sizes.samples), arena->Take<int32_t>(sizes.draws)};
  }
  static size_t Bytes(const DrawSizes& sizes) {
    Arena arena;
    Allocate(sizes, &arena);
    return arena.used();
  }
};

uint64_t ObjectId(const propnp_draw_args& args, int64_t object) {
  return IsGiven(args.object_ids) ? LoadAt<uint64_t>(args.object_ids, object)
                                  : args.id_offset + static_cast<uint64_t>(object);
}

double NumberOf(const propnp_tensor& poses, int64_t object, int64_t sample, int64_t i) {
  return Load<double>(poses,
                      object * poses.stride[0] + sample * poses.stride[1] + i * poses.stride[2]);
}

// Whether the chosen are numbers that the draws can hold.
bool PosesFit(const propnp_draw_args& args, const DrawSizes& sizes, int64_t object,
              const int32_t* chosen) {
  const double largest = LargestOf(args.draws);
  for (int64_t k = 0; k < sizes.draws; ++k) {
    for (int64_t i = 0; i < sizes.pose_size; ++i) {
      if (!(std::fabs(NumberOf(args.sample_pose, object, chosen[k], i)) <= largest)) return false;
    }
  }
  return true;
}

// Of a failed object `chosen` is null.
void StoreDraws(const propnp_draw_args& args, const DrawSizes& sizes, int64_t object,
                const int32_t* chosen) {
  const propnp_tensor& draws = args.draws;
  for (int64_t k = 0; k < sizes.draws; ++k) {
    if (IsGiven(args.chosen)) {
      Store(args.chosen, object * args.chosen.stride[0] + k * args.chosen.stride[1],
            chosen ? chosen[k] : -1);
    }
    for (int64_t i = 0; i < sizes.pose_size; ++i) {
      Store(draws, object * draws.stride[0] + k * draws.stride[1] + i * draws.stride[2],
            chosen ? NumberOf(args.sample_pose, object, chosen[k], i) : 0);
    }
  }
}

void DrawObject(const propnp_draw_args& args, const DrawSizes& sizes, int64_t object,
                const Scratch& scratch) {
  bool valid = LoadWeights(args.sample_log_weight, object, sizes.samples, scratch.weights);
  if (valid) {
    const uint64_t seed = args.seed_pointer ? *args.seed_pointer : args.seed;
    DrawPoses(scratch.weights, sizes.samples, seed, ObjectId(args, object), sizes.draws,
              scratch.chosen);
    valid = PosesFit(args, sizes, object, scratch.chosen);
  }
  StoreDraws(args, sizes, object, valid ? scratch.chosen : nullptr);
  StoreAt(args.status, object, valid ? 0 : int32_t{PROPNP_STATUS_NON_FINITE_INPUT});
}

}  // namespace

Status DrawWorkspaceSize(const Context& context, const propnp_draw_args& args, uint64_t* bytes) {
  DrawSizes sizes;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &sizes));
  *bytes = static_cast<uint64_t>(context.num_threads()) * Scratch::Bytes(sizes);
  return Status();
}

Status Draw(Context& context, const propnp_draw_args& args) {
  DrawSizes sizes;
  PROPNP_RETURN_IF_ERROR(CheckArgs(args, &sizes));
  const size_t scratch_bytes = Scratch::Bytes(sizes);
  WorkspaceMemory memory(context);
  PROPNP_RETURN_IF_ERROR(memory.Acquire(static_cast<size_t>(context.num_threads()) * scratch_bytes,
                                        args.workspace, args.workspace_size));
  return ForEachRow(context, sizes.objects, [&](int64_t object, int worker) {
    Arena arena(memory.data() + worker * scratch_bytes);
    DrawObject(args, sizes, object, Scratch::Allocate(sizes, &arena));
  });
}

}  // namespace propnp
