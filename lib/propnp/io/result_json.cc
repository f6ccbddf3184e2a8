// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/json_internal.h"
#include "propnp/io/names.h"
#include "propnp/io/result_json_internal.h"

namespace propnp::io::json {
namespace {

void AppendKey(const char* key, std::string* out) { *out += std::string(",\"") + key + "\":"; }

}  // namespace

Status CheckResult(const std::string& id, int32_t dof, const std::vector<double>& covariance) {
  const std::string where = "result " + Quoted(id);
  if (const char* problem = IdProblem(id)) return Status::Error(where + ": the id " + problem);
  if (dof != 6 && dof != 4) return Status::Error(where + ": dof is neither 6 nor 4");
  const auto n = static_cast<size_t>(dof);
  if (!covariance.empty() && covariance.size() != n * n) {
    return Status::Error(where + ": covariance has " + std::to_string(covariance.size()) +
                         " numbers, not " + std::to_string(n * n));
  }
  return {};
}

void AppendCovarianceField(const char* key, const std::vector<double>& covariance, int32_t dof,
                           std::string* out) {
  AppendKey(key, out);
  if (covariance.empty()) {
    *out += "null";
  } else {
    AppendRows(covariance.data(), static_cast<size_t>(dof), static_cast<size_t>(dof), out);
  }
}

void AppendCovarianceMeaning(int32_t dof, std::string* out) {
  *out += dof == 4 ? R"(,"covariance_order":["tx","ty","tz","yaw"])"
                   : R"(,"covariance_order":["tx","ty","tz","rx","ry","rz"])";
  *out += R"(,"covariance_units":{"translation":"unit of x3d","rotation":"rad"})";
}

void AppendNumberField(const char* key, double value, std::string* out) {
  AppendKey(key, out);
  AppendNumber(value, out);
}

void AppendStringField(const char* key, const std::string& value, std::string* out) {
  AppendKey(key, out);
  AppendString(value, out);
}

void AppendStatusField(const std::vector<std::string>& names, std::string* out) {
  *out += ",\"status\":[";
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) *out += ',';
    AppendString(names[i], out);
  }
  *out += ']';
}

}  // namespace propnp::io::json
