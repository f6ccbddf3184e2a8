// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior_report.h"

#include <algorithm>

#include "apps/propnp/io_errors.h"
#include "apps/propnp/pose_math.h"
#include "apps/propnp/posterior_words.h"
#include "apps/propnp/run_report.h"
#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

struct Counts {
  size_t failed = 0, unreliable = 0, improper = 0, ambiguous = 0;
};

Counts CountsOf(const PosteriorOutcome& outcome) {
  Counts counts;
  for (const ObjectPosterior& posterior : outcome.posteriors) {
    counts.failed += posterior.failed();
    counts.unreliable += !posterior.failed() && !posterior.reliable();
    counts.improper += (posterior.status & PROPNP_STATUS_IMPROPER) != 0;
    counts.ambiguous += posterior.ambiguous();
  }
  return counts;
}

std::string OutputText(const PosteriorOutcome& outcome, const PosteriorOptions& options) {
  if (outcome.output.empty()) return "  nothing written (-o DIR writes posteriors and pictures)\n";
  return Format("  written to %s: posterior.jsonl, summary.json, %soverlays/ (%s)\n",
                outcome.output.c_str(), options.save_samples ? "samples.npz, " : "",
                Count(static_cast<long long>(outcome.overlays.size()), "picture").c_str());
}

io::PosteriorModeResult ModeResult(const PoseMode& mode, const io::DatasetObject& object) {
  io::PosteriorModeResult result;
  result.probability = mode.probability;
  result.cam_from_object = FullPose(object, mode.pose);
  if (object.dof == 4) result.yaw_rad = mode.pose[3];
  result.covariance = mode.covariance;
  result.cost = mode.cost;
  result.rms_px = mode.rms_px;
  return result;
}

}  // namespace

int ExitCode(const PosteriorOutcome& outcome) {
  const Counts counts = CountsOf(outcome);
  return counts.failed + counts.unreliable > 0 || !outcome.input.without_board.empty() ? 1 : 0;
}

io::PosteriorResult PosteriorResultOf(const PosteriorOutcome& outcome,
                                      const PosteriorOptions& options, size_t i) {
  const io::DatasetObject& object = outcome.input.dataset.objects[i];
  const ObjectPosterior& posterior = outcome.posteriors[i];
  io::PosteriorResult result;
  result.id = object.id;
  result.dof = object.dof;
  for (const PoseMode& mode : posterior.modes) result.modes.push_back(ModeResult(mode, object));
  result.log_evidence = posterior.log_evidence;
  result.standard_error = posterior.standard_error;
  result.ess = posterior.ess;
  result.khat = posterior.khat;
  result.samples = options.sampling.samples;
  result.points = posterior.points;
  result.words = DescribePosterior(posterior, object);
  result.status = StatusNames(posterior.status);
  return result;
}

std::string SummaryText(const PosteriorOutcome& outcome, const PosteriorOptions& options) {
  const Counts counts = CountsOf(outcome);
  std::string text = "  " + Count(static_cast<long long>(outcome.posteriors.size()), "object") +
                     Format(", %zu with more than one mode, %zu not reliable, %zu failed, %.2f s\n",
                            counts.ambiguous, counts.unreliable, counts.failed, outcome.seconds);
  if (counts.improper > 0) {
    text +=
        "  note: a prior of the distance goes into JSON lines (propnp convert makes them): "
        "\"prior\": "
        "{\"type\": \"gaussian_ray\", ...}\n";
  }
  text += WithoutBoardText(outcome) + NoiseText(outcome, options.loss);
  const SamplingOptions& sampling = options.sampling;
  text += "  loss: " + LossText(options.loss) +
          Format("; %d samples by %s, seed %llu\n", sampling.samples, MethodName(sampling.method),
                 static_cast<unsigned long long>(sampling.seed));
  return text + OutputText(outcome, options);
}

std::string SummaryJson(const PosteriorOutcome& outcome, const PosteriorOptions& options) {
  const Counts counts = CountsOf(outcome);
  ReportJson json = RunJson("propnp-posterior-run-1", outcome, options);
  json["sampling"] = SamplingJson(options.sampling);
  json["ambiguous"] = counts.ambiguous;
  json["unreliable"] = counts.unreliable;
  json["failed"] = counts.failed;
  return json.dump(1) + "\n";
}

std::string RunJsonText(const PosteriorOutcome& outcome, const PosteriorOptions& options) {
  std::string text = SummaryJson(outcome, options);
  text.resize(text.rfind('}') - 1);  // and the line break before it
  text += ",\n \"posteriors\": [";
  for (size_t i = 0; i < outcome.posteriors.size(); ++i) {
    std::string line =
        ValueOrThrow(io::FormatPosteriorResult(PosteriorResultOf(outcome, options, i)));
    line.pop_back();
    text += (i == 0 ? "\n  " : ",\n  ") + line;
  }
  return text + "\n ]\n}\n";
}

}  // namespace propnp::app
