// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/posterior_results.h"

#include "propnp/io/file.h"
#include "propnp/io/json_internal.h"
#include "propnp/io/result_json_internal.h"

namespace propnp::io {
namespace {

void AppendMode(const PosteriorModeResult& mode, int32_t dof, std::string* out) {
  *out += "{\"probability\":";
  json::AppendNumber(mode.probability, out);
  *out += ",\"cam_from_object\":";
  json::AppendNumbers(mode.cam_from_object.data(), 7, out);
  if (mode.yaw_rad) json::AppendNumberField("yaw", *mode.yaw_rad, out);
  json::AppendCovarianceField("covariance", mode.covariance, dof, out);
  json::AppendNumberField("cost", mode.cost, out);
  json::AppendNumberField("rms_px", mode.rms_px, out);
  *out += '}';
}

}  // namespace

Result<std::string> FormatPosteriorResult(const PosteriorResult& result) {
  if (Status status = json::CheckResult(result.id, result.dof, {}); !status.ok()) return status;
  std::string line = "{\"schema\":\"" + std::string(kPosteriorSchema) + "\"";
  json::AppendStringField("id", result.id, &line);
  if (result.dof == 4) line += ",\"dof\":4";
  line += ",\"modes\":[";
  for (const PosteriorModeResult& mode : result.modes) {
    Status status = json::CheckResult(result.id, result.dof, mode.covariance);
    if (!status.ok()) return status;
    if (line.back() != '[') line += ',';
    AppendMode(mode, result.dof, &line);
  }
  line += ']';
  json::AppendCovarianceMeaning(result.dof, &line);
  json::AppendNumberField("log_evidence", result.log_evidence, &line);
  json::AppendNumberField("standard_error", result.standard_error, &line);
  json::AppendNumberField("ess", result.ess, &line);
  json::AppendNumberField("khat", result.khat, &line);
  line += ",\"samples\":" + std::to_string(result.samples);
  line += ",\"points\":" + std::to_string(result.points);
  json::AppendStringField("words", result.words, &line);
  json::AppendStatusField(result.status, &line);
  return line + "}\n";
}

Status WritePosteriorResults(size_t count, const std::function<PosteriorResult(size_t)>& result,
                             const std::string& path) {
  constexpr size_t kMostText = 1 << 20;
  if (Status status = WriteFile(path, ""); !status.ok()) return status;
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    const Result<std::string> line = FormatPosteriorResult(result(i));
    if (!line.ok()) return line.status();
    text += *line;
    if (text.size() < kMostText && i + 1 < count) continue;
    if (Status status = AppendFile(path, text); !status.ok()) return status;
    text.clear();
  }
  return {};
}

}  // namespace propnp::io
