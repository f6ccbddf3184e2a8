// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/run_report.h"

#include <cmath>

#include "apps/propnp/text.h"
#include "propnp/engine/args.h"
#include "propnp/version.h"

namespace propnp::app {
namespace {

std::string LevelText(const NoiseLevel& noise) {
  const char* quantity = noise.is_factor ? "factor on the given sigmas" : "sigma of a point";
  const char* unit = noise.is_factor ? "" : " px";
  std::string text = Format("  noise: %s %.4g%s", quantity, noise.sigma, unit);
  if (!noise.estimated) return text + ", as given\n";
  if (noise.estimate.degrees_of_freedom == 0) return text + ", assumed\n";
  return text +
         Format(", estimated from %.0f surplus coordinates\n", noise.estimate.degrees_of_freedom);
}

ReportJson LossJson(const LossOption& loss) {
  ReportJson json = {{"kind", LossName(loss.kind)}};
  if (loss.kind != PROPNP_LOSS_NONE) json["scale"] = loss.scale;
  return json;
}

ReportJson NoiseJson(const NoiseLevel& noise) {
  ReportJson json = {{"sigma", noise.sigma},
                     {"unit", noise.is_factor ? "given sigma" : "px"},
                     {"estimated", noise.estimated}};
  if (noise.estimated) {
    json["plain_sigma"] = noise.estimate.plain_sigma;
    json["degrees_of_freedom"] = noise.estimate.degrees_of_freedom;
  }
  return json;
}

}  // namespace

std::string WithoutBoardText(const RunOutcome& outcome) {
  const std::vector<std::string>& images = outcome.input.without_board;
  std::string text;
  for (size_t i = 0; i < images.size() && i < kMostListed; ++i) {
    text += "  no board found: " + images[i] + "\n";
  }
  if (images.size() > kMostListed) {
    text += Format("  no board found: and %zu more\n", images.size() - kMostListed);
  }
  return text;
}

std::string NoiseText(const RunOutcome& outcome, const LossOption& loss) {
  std::string text = LevelText(outcome.noise);
  for (const std::string& warning : NoiseWarnings(outcome.noise, loss.kind)) {
    text += "  note: " + warning + "\n";
  }
  return text;
}

std::string LossText(const LossOption& loss) {
  if (loss.kind == PROPNP_LOSS_NONE) return "none (least squares)";
  return Format("%s:%g", LossName(loss.kind), loss.scale);
}

ReportJson SamplingJson(const SamplingOptions& options) {
  return {
      {"method", MethodName(options.method)}, {"samples", options.samples}, {"seed", options.seed}};
}

ReportJson JsonNumber(double value) {
  return std::isfinite(value) ? ReportJson(value) : ReportJson(nullptr);
}

ReportJson RunJson(const char* schema, const RunOutcome& outcome, const RunOptions& options) {
  const std::string& unit = outcome.input.unit;
  ReportJson json;
  json["schema"] = schema;
  json["version"] = PROPNP_VERSION_STRING;
  json["input"] = {{"format", outcome.input.format},
                   {"unit", unit.empty() ? ReportJson(nullptr) : ReportJson(unit)}};
  json["loss"] = LossJson(options.loss);
  json["noise"] = NoiseJson(outcome.noise);
  json["objects"] = outcome.input.dataset.objects.size();
  json["seconds"] = outcome.seconds;
  json["without_board"] = outcome.input.without_board;
  json["notes"] = NoiseWarnings(outcome.noise, options.loss.kind);
  json["output"] = outcome.output.empty() ? ReportJson(nullptr) : ReportJson(outcome.output);
  json["overlays"] = outcome.overlays;
  return json;
}

}  // namespace propnp::app
