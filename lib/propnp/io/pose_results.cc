// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/pose_results.h"

#include "propnp/io/file.h"
#include "propnp/io/json_internal.h"
#include "propnp/io/result_json_internal.h"

namespace propnp::io {
namespace {

void AppendPosterior(const PosePosterior& posterior, int32_t dof, std::string* out) {
  *out += ",\"posterior\":{\"probability\":";
  json::AppendNumber(posterior.probability, out);
  json::AppendNumberField("next_best_probability", posterior.next_best_probability, out);
  *out += ",\"next_best\":";
  if (posterior.next_best) {
    json::AppendNumbers(posterior.next_best->data(), 7, out);
  } else {
    *out += "null";
  }
  json::AppendCovarianceField("covariance", posterior.covariance, dof, out);
  json::AppendNumberField("log_evidence", posterior.log_evidence, out);
  json::AppendStatusField(posterior.status, out);
  *out += '}';
}

}  // namespace

Result<std::string> FormatPoseResult(const PoseResult& result) {
  if (Status status = json::CheckResult(result.id, result.dof, result.covariance); !status.ok()) {
    return status;
  }
  std::string line = "{\"schema\":\"" + std::string(kPoseSchema) + "\"";
  json::AppendStringField("id", result.id, &line);
  if (result.dof == 4) line += ",\"dof\":4";
  line += ",\"cam_from_object\":";
  json::AppendNumbers(result.cam_from_object.data(), 7, &line);
  if (result.yaw_rad) json::AppendNumberField("yaw", *result.yaw_rad, &line);
  json::AppendCovarianceField("covariance", result.covariance, result.dof, &line);
  json::AppendStringField("covariance_kind", result.covariance_kind, &line);
  json::AppendCovarianceMeaning(result.dof, &line);
  json::AppendNumberField("rms_before_px", result.rms_before_px, &line);
  json::AppendNumberField("rms_after_px", result.rms_after_px, &line);
  line += ",\"points\":" + std::to_string(result.points);
  line += ",\"iterations\":" + std::to_string(result.iterations);
  json::AppendStatusField(result.status, &line);
  if (result.posterior) {
    Status status = json::CheckResult(result.id, result.dof, result.posterior->covariance);
    if (!status.ok()) return status;
    AppendPosterior(*result.posterior, result.dof, &line);
  }
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
