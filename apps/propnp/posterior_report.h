// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The outcome of sampling, told to a person, to a program, and as the lines of posterior.jsonl.
#ifndef PROPNP_APPS_POSTERIOR_REPORT_H_
#define PROPNP_APPS_POSTERIOR_REPORT_H_

#include <string>
#include <vector>

#include "apps/propnp/posterior.h"
#include "apps/propnp/posterior_options.h"
#include "apps/propnp/run.h"
#include "propnp/io/posterior_results.h"

namespace propnp::app {

struct PosteriorOutcome : RunOutcome {
  std::vector<ObjectPosterior> posteriors;
};

// Exit code of the command: 1 if a posterior is not reliable or a photograph shows no board, else
// 0.
int ExitCode(const PosteriorOutcome& outcome);

// The line of object number i.
io::PosteriorResult PosteriorResultOf(const PosteriorOutcome& outcome,
                                      const PosteriorOptions& options, size_t i);

// The lines under the table: totals, noise, what to do, what was written.
std::string SummaryText(const PosteriorOutcome& outcome, const PosteriorOptions& options);

// One JSON object, schema "propnp-posterior-run-1" (docs/app.md), with a line break at its end. The
// summary is the run without its posteriors, of which there may be many.
std::string SummaryJson(const PosteriorOutcome& outcome, const PosteriorOptions& options);
std::string RunJsonText(const PosteriorOutcome& outcome, const PosteriorOptions& options);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_REPORT_H_
