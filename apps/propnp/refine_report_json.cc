// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/propnp/input_error.h"
#include "apps/propnp/refine_report.h"
#include "apps/propnp/text.h"
#include "propnp/engine/args.h"
#include "propnp/version.h"

namespace propnp::app {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no NaN: what is not known is null.
Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json LossJson(const LossOption& loss) {
  Json json = {{"kind", LossName(loss.kind)}};
  if (loss.kind != PROPNP_LOSS_NONE) json["scale"] = loss.scale;
  return json;
}

Json NoiseJson(const NoiseLevel& noise) {
  Json json = {{"sigma", noise.sigma},
               {"unit", noise.is_factor ? "given sigma" : "px"},
               {"estimated", noise.estimated}};
  if (noise.estimated) {
    json["plain_sigma"] = noise.estimate.plain_sigma;
    json["degrees_of_freedom"] = noise.estimate.degrees_of_freedom;
  }
  return json;
}

Json FailedJson(const RefineOutcome& outcome) {
  Json failed = Json::array();
  for (size_t i = 0; i < outcome.refined.size(); ++i) {
    const RefinedObject& object = outcome.refined[i];
    if (!object.failed()) continue;
    failed.push_back({{"id", outcome.input.dataset.objects[i].id},
                      {"status", StatusNames(object.status & PROPNP_STATUS_FAILED)}});
  }
  return failed;
}

// The very objects of poses.jsonl.
Json PosesJson(const RefineOutcome& outcome, int32_t covariance_kind) {
  Json poses = Json::array();
  for (const io::PoseResult& result : PoseResults(outcome, covariance_kind)) {
    const auto line = io::FormatPoseResult(result);
    if (!line.ok()) throw InputError(line.status().message());
    poses.push_back(Json::parse(*line));
  }
  return poses;
}

}  // namespace

std::string SummaryJson(const RefineOutcome& outcome, const RefineOptions& options) {
  const Totals totals = TotalsOf(outcome);
  Json json;
  json["schema"] = "propnp-refine-1";
  json["version"] = PROPNP_VERSION_STRING;
  json["input"] = {{"format", outcome.input.format},
                   {"unit", outcome.input.unit.empty() ? Json(nullptr) : Json(outcome.input.unit)}};
  json["engine"] = options.use_ceres ? "ceres" : "batch";
  json["loss"] = LossJson(options.loss);
  json["covariance_kind"] = CovarianceName(options.covariance);
  json["noise"] = NoiseJson(outcome.noise);
  json["objects"] = outcome.refined.size();
  json["points"] = totals.points;
  json["cost_before"] = Number(totals.cost_before);
  json["cost_after"] = Number(totals.cost_after);
  json["rms_before_px"] = Number(totals.rms_before_px);
  json["rms_after_px"] = Number(totals.rms_after_px);
  json["seconds"] = outcome.seconds;
  json["failed"] = FailedJson(outcome);
  json["without_board"] = outcome.input.without_board;
  json["notes"] = NoiseWarnings(outcome.noise, options.loss.kind);
  json["output"] = outcome.output.empty() ? Json(nullptr) : Json(outcome.output);
  json["overlays"] = outcome.overlays;
  json["poses"] = PosesJson(outcome, options.covariance);
  return json.dump(1) + "\n";
}

}  // namespace propnp::app
