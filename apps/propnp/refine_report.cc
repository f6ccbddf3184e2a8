// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refine_report.h"

#include <cmath>

#include "apps/propnp/pose_math.h"
#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

constexpr size_t kMostListed = 10;  // names of failed poses, photographs without a board

std::string FailedText(const RefineOutcome& outcome) {
  std::string text;
  size_t listed = 0;
  for (size_t i = 0; i < outcome.refined.size(); ++i) {
    const RefinedObject& object = outcome.refined[i];
    if (!object.failed() || ++listed > kMostListed) continue;
    text += "  failed: " + outcome.input.dataset.objects[i].id + " (" +
            Join(StatusNames(object.status & PROPNP_STATUS_FAILED), ", ") + ")\n";
  }
  if (listed > kMostListed) text += Format("  failed: and %zu more\n", listed - kMostListed);
  return text;
}

std::string WithoutBoardText(const std::vector<std::string>& images) {
  std::string text;
  for (size_t i = 0; i < images.size() && i < kMostListed; ++i) {
    text += "  no board found: " + images[i] + "\n";
  }
  if (images.size() > kMostListed) {
    text += Format("  no board found: and %zu more\n", images.size() - kMostListed);
  }
  return text;
}

std::string NoiseText(const NoiseLevel& noise) {
  const char* quantity = noise.is_factor ? "factor on the given sigmas" : "sigma of a point";
  const char* unit = noise.is_factor ? "" : " px";
  std::string text = Format("  noise: %s %.4g%s", quantity, noise.sigma, unit);
  if (!noise.estimated) return text + ", as given\n";
  if (noise.estimate.degrees_of_freedom == 0) return text + ", assumed\n";
  return text +
         Format(", estimated from %.0f surplus coordinates\n", noise.estimate.degrees_of_freedom);
}

std::string LossText(const LossOption& loss) {
  if (loss.kind == PROPNP_LOSS_NONE) return "none (least squares)";
  return Format("%s:%g", LossName(loss.kind), loss.scale);
}

std::string OutputText(const RefineOutcome& outcome) {
  if (outcome.output.empty())
    return "  nothing written (-o DIR writes poses, model and pictures)\n";
  return Format("  written to %s: poses.jsonl, poses.tum, summary.json, model/, overlays/ (%s)\n",
                outcome.output.c_str(),
                Count(static_cast<long long>(outcome.overlays.size()), "picture").c_str());
}

}  // namespace

Totals TotalsOf(const RefineOutcome& outcome) {
  Totals totals;
  double squares_before = 0, squares_after = 0;
  for (const RefinedObject& object : outcome.refined) {
    totals.failed += object.failed();
    if (object.points == 0) continue;
    const auto points = static_cast<double>(object.points);
    totals.points += object.points;
    totals.cost_before += object.cost_before;
    totals.cost_after += object.cost_after;
    squares_before += points * object.rms_before_px * object.rms_before_px;
    squares_after += points * object.rms_after_px * object.rms_after_px;
  }
  const auto points = static_cast<double>(totals.points);
  totals.rms_before_px = std::sqrt(squares_before / points);
  totals.rms_after_px = std::sqrt(squares_after / points);
  return totals;
}

int ExitCode(const RefineOutcome& outcome) {
  return TotalsOf(outcome).failed > 0 || !outcome.input.without_board.empty() ? 1 : 0;
}

std::vector<io::PoseResult> PoseResults(const RefineOutcome& outcome, int32_t covariance_kind) {
  std::vector<io::PoseResult> results;
  for (size_t i = 0; i < outcome.refined.size(); ++i) {
    const io::DatasetObject& object = outcome.input.dataset.objects[i];
    const RefinedObject& refined = outcome.refined[i];
    io::PoseResult result;
    result.id = object.id;
    result.dof = object.dof;
    result.cam_from_object = FullPose(object, refined.pose);
    if (object.dof == 4) result.yaw_rad = refined.pose[3];
    if (!refined.failed()) result.covariance = refined.covariance;
    result.covariance_kind = CovarianceName(covariance_kind);
    result.rms_before_px = refined.rms_before_px;
    result.rms_after_px = refined.rms_after_px;
    result.points = refined.points;
    result.iterations = refined.iterations;
    result.status = StatusNames(refined.status);
    results.push_back(std::move(result));
  }
  return results;
}

std::string SummaryText(const RefineOutcome& outcome, const RefineOptions& options) {
  const Totals totals = TotalsOf(outcome);
  const auto poses = static_cast<long long>(outcome.refined.size());
  std::string text = "  " + Count(poses, "pose") + ", " + Count(totals.points, "point");
  text += std::isnan(totals.rms_before_px)
              ? Format(", rms %.4g px", totals.rms_after_px)
              : Format(", rms %.4g -> %.4g px", totals.rms_before_px, totals.rms_after_px);
  text += Format(", %lld failed, %.2f s\n", static_cast<long long>(totals.failed), outcome.seconds);
  text += FailedText(outcome) + WithoutBoardText(outcome.input.without_board);
  text += NoiseText(outcome.noise);
  for (const std::string& warning : NoiseWarnings(outcome.noise, options.loss.kind)) {
    text += "  note: " + warning + "\n";
  }
  text += "  loss: " + LossText(options.loss) +
          "; covariance: " + CovarianceName(options.covariance) + "\n";
  return text + OutputText(outcome);
}

}  // namespace propnp::app
