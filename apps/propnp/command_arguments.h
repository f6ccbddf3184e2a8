// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The options of each command, as CLI11 knows them.
#ifndef PROPNP_APPS_COMMAND_ARGUMENTS_H_
#define PROPNP_APPS_COMMAND_ARGUMENTS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "apps/propnp/convert_command.h"
#include "apps/propnp/demo_command.h"
#include "apps/propnp/input.h"
#include "apps/propnp/posterior_options.h"
#include "apps/propnp/refine_options.h"

namespace propnp::app {

// Option values as typed; they are parsed by our own parsers, whose messages say more than CLI11's.
struct RunWords {
  std::string loss = "none", sigma, threads, overlays;
};
struct SamplingWords {
  std::string method, samples, seed;

  bool empty() const { return method.empty() && samples.empty() && seed.empty(); }
};
struct RefineWords : RunWords {
  std::string covariance = "posterior", engine = "batch";
  bool posterior = false;
  SamplingWords sampling;
};
struct PosteriorWords : RunWords {
  SamplingWords sampling;
};

void AddRefine(CLI::App* app, RefineOptions* options, RefineWords* words);
void AddPosterior(CLI::App* app, PosteriorOptions* options, PosteriorWords* words);
void AddConvert(CLI::App* app, ConvertOptions* options);
void AddInfo(CLI::App* app, InputSource* source);
void AddDemo(CLI::App* app, DemoOptions* options);

// Throw InputError naming option, value and accepted forms.
void ParseWords(const RefineWords& words, RefineOptions* options);
void ParseWords(const PosteriorWords& words, PosteriorOptions* options);

}  // namespace propnp::app

#endif  // PROPNP_APPS_COMMAND_ARGUMENTS_H_
