// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/tum.h"

#include <cmath>

#include "propnp/io/file.h"
#include "propnp/io/number_text.h"

namespace propnp::io {

Result<std::string> FormatTum(const std::vector<TumPose>& poses) {
  std::string text = "# timestamp tx ty tz qx qy qz qw (world_from_cam)\n";
  for (size_t i = 0; i < poses.size(); ++i) {
    const Pose p = InversePose(poses[i].cam_from_world);
    const std::array<double, 8> fields = {
        poses[i].timestamp, p[0], p[1], p[2], p[4], p[5], p[6], p[3]};
    for (size_t k = 0; k < fields.size(); ++k) {
      if (!std::isfinite(fields[k])) {
        return Status::Error("TUM pose " + std::to_string(i) + " has a number that is not finite");
      }
      AppendNumber(fields[k], &text);
      text += k + 1 < fields.size() ? ' ' : '\n';
    }
  }
  return text;
}

Status WriteTum(const std::vector<TumPose>& poses, const std::string& path) {
  const Result<std::string> text = FormatTum(poses);
  return text.ok() ? WriteFile(path, *text) : text.status();
}

}  // namespace propnp::io
