// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/pose_results.h"

#include "propnp/io/file.h"
#include "propnp/io/json_internal.h"
#include "propnp/io/names.h"

namespace propnp::io {
namespace {

Status Check(const PoseResult& result) {
  const std::string where = "result " + Quoted(result.id);
  if (const char* problem = IdProblem(result.id)) {
    return Status::Error(where + ": the id " + problem);
  }
  if (result.dof != 6 && result.dof != 4) return Status::Error(where + ": dof is neither 6 nor 4");
  const auto n = static_cast<size_t>(result.dof);
  if (!result.covariance.empty() && result.covariance.size() != n * n) {
    return Status::Error(where + ": covariance has " + std::to_string(result.covariance.size()) +
                         " numbers, not " + std::to_string(n * n));
  }
  return {};
}

void AppendCovariance(const PoseResult& result, std::string* out) {
  const auto n = static_cast<size_t>(result.dof);
  *out += ",\"covariance\":";
  if (result.covariance.empty()) {
    *out += "null";
  } else {
    json::AppendRows(result.covariance.data(), n, n, out);
  }
  *out += ",\"covariance_kind\":";
  json::AppendString(result.covariance_kind, out);
  *out += n == 4 ? R"(,"covariance_order":["tx","ty","tz","yaw"])"
                 : R"(,"covariance_order":["tx","ty","tz","rx","ry","rz"])";
  *out += R"(,"covariance_units":{"translation":"unit of x3d","rotation":"rad"})";
}

void AppendStatus(const std::vector<std::string>& names, std::string* out) {
  *out += ",\"status\":[";
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) *out += ',';
    json::AppendString(names[i], out);
  }
  *out += ']';
}

void AppendRms(const char* key, double rms_px, std::string* out) {
  *out += std::string(",\"") + key + "\":";
  json::AppendNumber(rms_px, out);
}

}  // namespace

Result<std::string> FormatPoseResult(const PoseResult& result) {
  if (Status status = Check(result); !status.ok()) return status;
  std::string line = "{\"schema\":\"" + std::string(kPoseSchema) + "\",\"id\":";
  json::AppendString(result.id, &line);
  if (result.dof == 4) line += ",\"dof\":4";
  line += ",\"cam_from_object\":";
  json::AppendNumbers(result.cam_from_object.data(), 7, &line);
  if (result.yaw_rad) {
    line += ",\"yaw\":";
    json::AppendNumber(*result.yaw_rad, &line);
  }
  AppendCovariance(result, &line);
  AppendRms("rms_before_px", result.rms_before_px, &line);
  AppendRms("rms_after_px", result.rms_after_px, &line);
  line += ",\"points\":" + std::to_string(result.points);
  line += ",\"iterations\":" + std::to_string(result.iterations);
  AppendStatus(result.status, &line);
  return line + "}\n";
}

Status WritePoseResults(const std::vector<PoseResult>& results, const std::string& path) {
  std::string text;
  for (const PoseResult& result : results) {
    const Result<std::string> line = FormatPoseResult(result);
    if (!line.ok()) return line.status();
    text += *line;
  }
  return WriteFile(path, text);
}

}  // namespace propnp::io
