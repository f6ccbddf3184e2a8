// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the lines of poses.jsonl and posterior.jsonl share. Each function appends `,"key":value`.
#ifndef PROPNP_IO_RESULT_JSON_INTERNAL_H_
#define PROPNP_IO_RESULT_JSON_INTERNAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "propnp/io/status.h"

namespace propnp::io::json {

// Refuses an id that cannot be one, a dof that is neither 6 nor 4, and a covariance that has
// neither dof x dof numbers nor none.
Status CheckResult(const std::string& id, int32_t dof, const std::vector<double>& covariance);

// Rows of numbers, or null when there is none.
void AppendCovarianceField(const char* key, const std::vector<double>& covariance, int32_t dof,
                           std::string* out);
// The order of a covariance's coordinates and their units.
void AppendCovarianceMeaning(int32_t dof, std::string* out);

void AppendNumberField(const char* key, double value, std::string* out);
void AppendStringField(const char* key, const std::string& value, std::string* out);
void AppendStatusField(const std::vector<std::string>& names, std::string* out);

}  // namespace propnp::io::json

#endif  // PROPNP_IO_RESULT_JSON_INTERNAL_H_
