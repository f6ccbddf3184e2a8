// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The folder that `propnp refine -o` leaves behind:
//
//   poses.jsonl   one pose a line, with covariance and status
//   poses.tum     the cameras in the object's frame
//   summary.json  the whole run, as --json prints it
//   model/        the input with refined poses, in its own format
//   overlays/     one picture a photograph
//
// It is written beside its final place and renamed once: at any moment there is the old folder or
// the new one, whole.
#ifndef PROPNP_APPS_REFINE_OUTPUT_H_
#define PROPNP_APPS_REFINE_OUTPUT_H_

#include "apps/propnp/refine_options.h"
#include "apps/propnp/refine_report.h"
#include "propnp/io/staged_output.h"

namespace propnp::app {

// Fills the folder, puts it in its place and notes in `outcome` what was written.
void WriteRefineOutput(const RefineOptions& options, io::StagedFolder* staged,
                       RefineOutcome* outcome);

}  // namespace propnp::app

#endif  // PROPNP_APPS_REFINE_OUTPUT_H_
