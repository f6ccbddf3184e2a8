// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The parts of a report that `refine` and `posterior` share, for a person and for a program.
#ifndef PROPNP_APPS_RUN_REPORT_H_
#define PROPNP_APPS_RUN_REPORT_H_

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/propnp/run.h"

namespace propnp::app {

using ReportJson = nlohmann::ordered_json;

inline constexpr size_t kMostListed = 10;  // names of failed poses, photographs without a board

// Indented lines: photographs without a board; the noise and what to know about it.
std::string WithoutBoardText(const RunOutcome& outcome);
std::string NoiseText(const RunOutcome& outcome, const LossOption& loss);
// "cauchy:2.55"
std::string LossText(const LossOption& loss);

// method, samples, seed
ReportJson SamplingJson(const SamplingOptions& options);
// JSON has no NaN: what is not known is null.
ReportJson JsonNumber(double value);
// The keys that every run has: schema, version, input, ...
ReportJson RunJson(const char* schema, const RunOutcome& outcome, const RunOptions& options);

}  // namespace propnp::app

#endif  // PROPNP_APPS_RUN_REPORT_H_
