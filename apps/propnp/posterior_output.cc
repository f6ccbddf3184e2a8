// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior_output.h"

#include "apps/propnp/io_errors.h"
#include "apps/propnp/posterior_pictures.h"
#include "propnp/io/file.h"

namespace propnp::app {

void WritePosteriorOutput(const PosteriorOptions& options, const std::string& folder,
                          PosteriorOutcome* outcome) {
  outcome->output = options.output;
  ThrowIfFailed(io::WritePosteriorResults(
      outcome->posteriors.size(), [&](size_t i) { return PosteriorResultOf(*outcome, options, i); },
      io::JoinPath(folder, "posterior.jsonl")));
  WritePosteriorPictures(options, MakeFolder(folder, "overlays"), outcome);
  ThrowIfFailed(
      io::WriteFile(io::JoinPath(folder, "summary.json"), SummaryJson(*outcome, options)));
}

}  // namespace propnp::app
