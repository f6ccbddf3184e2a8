// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The folder that `propnp posterior -o` leaves behind:
//
//   posterior.jsonl  one object a line: modes, evidence, diagnostics
//   summary.json     the whole run, as --json prints it
//   overlays/        one picture a photograph, every mode as strong as it is probable
//   samples.npz      with --save-samples (samples_file.h)
//
// It is written beside its final place and renamed once.
#ifndef PROPNP_APPS_POSTERIOR_OUTPUT_H_
#define PROPNP_APPS_POSTERIOR_OUTPUT_H_

#include <string>

#include "apps/propnp/posterior_options.h"
#include "apps/propnp/posterior_report.h"
#include "propnp/io/staged_output.h"

namespace propnp::app {

// Fills the folder, which may hold samples.npz already, puts it in its place and notes in `outcome`
// what was written.
void WritePosteriorOutput(const PosteriorOptions& options, io::StagedFolder* staged,
                          PosteriorOutcome* outcome);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_OUTPUT_H_
