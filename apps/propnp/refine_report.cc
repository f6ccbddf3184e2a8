// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refine_report.h"

#include <cmath>

#include "apps/propnp/pose_math.h"
#include "apps/propnp/run_report.h"
#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

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

// Whether the refined poses are the ones to believe.
std::string PosteriorText(const RefineOutcome& outcome) {
  if (outcome.posteriors.empty()) return "";
  size_t ambiguous = 0, unreliable = 0, second_best = 0;
  std::string listed;
  for (size_t i = 0; i < outcome.posteriors.size(); ++i) {
    const ObjectPosterior& posterior = outcome.posteriors[i];
    const io::DatasetObject& object = outcome.input.dataset.objects[i];
    ambiguous += posterior.ambiguous();
    unreliable += !posterior.reliable();
    const ModeShares shares = SharesAt(posterior, object, outcome.refined[i].pose);
    if (outcome.refined[i].failed() || !(shares.own < shares.next_best)) continue;
    if (++second_best > kMostListed) continue;
    listed += "  note: " + object.id +
              Format(" was refined to a pose of probability %.2f, another has %.2f\n", shares.own,
                     shares.next_best);
  }
  if (second_best > kMostListed) {
    listed += Format("  note: and %zu more such poses\n", second_best - kMostListed);
  }
  return Format(
             "  posterior: %zu of %zu with more than one mode, %zu not reliable (propnp posterior "
             "says more)\n",
             ambiguous, outcome.posteriors.size(), unreliable) +
         listed;
}

std::string OutputText(const RefineOutcome& outcome) {
  if (outcome.output.empty())
    return "  nothing written (-o DIR writes poses, model and pictures)\n";
  return Format("  written to %s: poses.jsonl, poses.tum, summary.json, model/, overlays/ (%s)\n",
                outcome.output.c_str(),
                Count(static_cast<long long>(outcome.overlays.size()), "picture").c_str());
}

io::PosePosterior PosteriorOf(const io::DatasetObject& object, const RefinedObject& refined,
                              const ObjectPosterior& posterior) {
  const ModeShares shares = SharesAt(posterior, object, refined.pose);
  io::PosePosterior result;
  result.probability = shares.own;
  if (shares.next_best_mode >= 0) {
    result.next_best_probability = shares.next_best;
    result.next_best = FullPose(object, posterior.modes[shares.next_best_mode].pose);
  }
  result.covariance = posterior.covariance;
  result.log_evidence = posterior.log_evidence;
  result.status = StatusNames(posterior.status);
  return result;
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
    if (!outcome.posteriors.empty()) {
      result.posterior = PosteriorOf(object, refined, outcome.posteriors[i]);
    }
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
  text += FailedText(outcome) + WithoutBoardText(outcome) + NoiseText(outcome, options.loss);
  text += PosteriorText(outcome);
  text += "  loss: " + LossText(options.loss) +
          "; covariance: " + CovarianceName(options.covariance) + "\n";
  return text + OutputText(outcome);
}

}  // namespace propnp::app
