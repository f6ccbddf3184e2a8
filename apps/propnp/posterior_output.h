// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The folder that `propnp posterior -o` leaves behind:
//
//   posterior.jsonl  one object a line: modes, evidence, diagnostics
//   summary.json     the run in numbers: what --json prints but for the posteriors
//   overlays/        one picture a photograph, every mode as strong as it is probable
//   samples.npz      with --save-samples (samples_file.h)
#ifndef PROPNP_APPS_POSTERIOR_OUTPUT_H_
#define PROPNP_APPS_POSTERIOR_OUTPUT_H_

#include <string>

#include "apps/propnp/posterior_options.h"
#include "apps/propnp/posterior_report.h"

namespace propnp::app {

// Fills `folder`, which may hold samples.npz already, and notes in `outcome` what was written.
void WritePosteriorOutput(const PosteriorOptions& options, const std::string& folder,
                          PosteriorOutcome* outcome);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_OUTPUT_H_
