// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include <nlohmann/json.hpp>

#include "apps/propnp/input_error.h"
#include "apps/propnp/refine_report.h"
#include "apps/propnp/run_report.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

ReportJson FailedJson(const RefineOutcome& outcome) {
  ReportJson failed = ReportJson::array();
  for (size_t i = 0; i < outcome.refined.size(); ++i) {
    const RefinedObject& object = outcome.refined[i];
    if (!object.failed()) continue;
    failed.push_back({{"id", outcome.input.dataset.objects[i].id},
                      {"status", StatusNames(object.status & PROPNP_STATUS_FAILED)}});
  }
  return failed;
}

// The very objects of poses.jsonl.
ReportJson PosesJson(const RefineOutcome& outcome, int32_t covariance_kind) {
  ReportJson poses = ReportJson::array();
  for (const io::PoseResult& result : PoseResults(outcome, covariance_kind)) {
    const auto line = io::FormatPoseResult(result);
    if (!line.ok()) throw InputError(line.status().message());
    poses.push_back(ReportJson::parse(*line));
  }
  return poses;
}

}  // namespace

std::string SummaryJson(const RefineOutcome& outcome, const RefineOptions& options) {
  const Totals totals = TotalsOf(outcome);
  ReportJson json = RunJson("propnp-refine-1", outcome, options);
  json["engine"] = options.use_ceres ? "ceres" : "batch";
  json["covariance_kind"] = CovarianceName(options.covariance);
  json["points"] = totals.points;
  json["cost_before"] = JsonNumber(totals.cost_before);
  json["cost_after"] = JsonNumber(totals.cost_after);
  json["rms_before_px"] = JsonNumber(totals.rms_before_px);
  json["rms_after_px"] = JsonNumber(totals.rms_after_px);
  json["failed"] = FailedJson(outcome);
  if (options.posterior) json["sampling"] = SamplingJson(*options.posterior);
  json["poses"] = PosesJson(outcome, options.covariance);
  return json.dump(1) + "\n";
}

}  // namespace propnp::app
