// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refinement.h"

#include <cmath>

#include "apps/propnp/evaluation.h"
#include "apps/propnp/pose_engines.h"
#include "apps/propnp/select_objects.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

// Objects between two looks at the clock: enough to keep all threads busy, few enough to show
// progress on long work.
constexpr size_t kPart = 1024;

void FillErrorsBefore(const io::PoseDataset& part, const SolveSettings& settings, Context* context,
                      std::vector<RefinedObject>* refined) {
  if (!part.AllHavePoses()) return;
  const Evaluation before = EvaluatePoses(part, settings.loss, context);
  for (size_t i = 0; i < refined->size(); ++i) {
    (*refined)[i].cost_before = before.cost[i];
    (*refined)[i].rms_before_px = RmsPx(part, before, i);
  }
}

void FillErrorsAfter(const SolveSettings& settings, io::PoseDataset* part, Context* context,
                     std::vector<RefinedObject>* refined) {
  for (size_t i = 0; i < refined->size(); ++i) {
    part->objects[i].pose = (*refined)[i].pose;
    part->objects[i].has_pose = true;
  }
  const Evaluation after = EvaluatePoses(*part, settings.loss, context);
  for (size_t i = 0; i < refined->size(); ++i) {
    (*refined)[i].cost_after = after.cost[i];
    (*refined)[i].rms_after_px = RmsPx(*part, after, i);
    (*refined)[i].points = CountWeightedPoints(*part, i);
  }
}

std::vector<RefinedObject> RefinePart(io::PoseDataset part, const SolveSettings& settings,
                                      Context* context) {
  std::vector<RefinedObject> refined = settings.use_ceres
                                           ? SolveWithCeres(part, settings, context)
                                           : SolveWithEngine(part, settings, context);
  FillErrorsBefore(part, settings, context, &refined);
  FillErrorsAfter(settings, &part, context, &refined);
  return refined;
}

}  // namespace

bool RefinedObject::failed() const { return (status & PROPNP_STATUS_FAILED) != 0; }

std::vector<RefinedObject> RefineDataset(const io::PoseDataset& dataset,
                                         const SolveSettings& settings,
                                         const ProgressCallback& progress) {
  Context context(settings.threads);
  std::vector<RefinedObject> refined(dataset.objects.size());
  int64_t done = 0;
  for (const std::vector<size_t>& indices : LikeObjects(dataset, kPart)) {
    std::vector<RefinedObject> part =
        RefinePart(SelectObjects(dataset, indices), settings, &context);
    for (size_t i = 0; i < indices.size(); ++i) refined[indices[i]] = std::move(part[i]);
    done += static_cast<int64_t>(indices.size());
    progress(done);
  }
  return refined;
}

std::vector<std::string> StatusNames(int32_t status) {
  static constexpr const char* kNames[] = {"converged",        "max_iterations", "too_few_points",
                                           "rank_deficient",   "indefinite",     "behind_camera",
                                           "non_finite_input", "improper",       "low_ess",
                                           "high_khat",        "multi_modal",    "fell_back"};
  std::vector<std::string> names;
  for (size_t bit = 0; bit < std::size(kNames); ++bit) {
    if ((status >> bit) & 1) names.emplace_back(kNames[bit]);
  }
  return names;
}

}  // namespace propnp::app
