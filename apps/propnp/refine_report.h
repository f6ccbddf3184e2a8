// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The outcome of a refinement, told to a person, to a program, and as the lines of poses.jsonl.
#ifndef PROPNP_APPS_REFINE_REPORT_H_
#define PROPNP_APPS_REFINE_REPORT_H_

#include <string>
#include <vector>

#include "apps/propnp/posterior.h"
#include "apps/propnp/refine_options.h"
#include "apps/propnp/run.h"
#include "propnp/io/pose_results.h"

namespace propnp::app {

struct RefineOutcome : RunOutcome {
  std::vector<ObjectPosterior> posteriors;  // with --posterior, else empty
};

// Sums over all poses.
struct Totals {
  int64_t failed = 0, points = 0;
  double cost_before = 0, cost_after = 0;      // before: unknown if a pose has no start
  double rms_before_px = 0, rms_after_px = 0;  // over all points
};
Totals TotalsOf(const RefineOutcome& outcome);

// Exit code of the command: 1 if a pose failed or a photograph shows no board, else 0.
int ExitCode(const RefineOutcome& outcome);

std::vector<io::PoseResult> PoseResults(const RefineOutcome& outcome, int32_t covariance_kind);

// The lines under the table: totals, noise, what failed, what was written.
std::string SummaryText(const RefineOutcome& outcome, const RefineOptions& options);

// One JSON object, schema "propnp-refine-1" (docs/app.md), with a line break at its end.
std::string SummaryJson(const RefineOutcome& outcome, const RefineOptions& options);

}  // namespace propnp::app

#endif  // PROPNP_APPS_REFINE_REPORT_H_
