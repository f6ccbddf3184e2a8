// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// `propnp refine`: load, refine, write, report.
#ifndef PROPNP_APPS_REFINE_COMMAND_H_
#define PROPNP_APPS_REFINE_COMMAND_H_

#include <optional>
#include <ostream>

#include "apps/propnp/refine_options.h"
#include "apps/propnp/refine_report.h"
#include "propnp/io/staged_output.h"

namespace propnp::app {

// Returns the exit code 0 or 1; throws InputError for 2.
int RunRefine(const RefineOptions& options, std::ostream& out);

// The same on input that is already loaded, without the report; writes where there is a folder.
RefineOutcome RefineAndWrite(LoadedInput input, const RefineOptions& options,
                             std::optional<io::StagedFolder> staged);

}  // namespace propnp::app

#endif  // PROPNP_APPS_REFINE_COMMAND_H_
