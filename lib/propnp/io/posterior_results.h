// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// posterior.jsonl: what is known of each pose, one JSON object per line.
//
//   {"schema": "propnp-posterior-1", "id": "marker 7",
//    "modes": [{"probability": 0.8, "cam_from_object": [tx, ty, tz, qw, qx, qy, qz],
//               "covariance": [[...], ...], "cost": 1.2, "rms_px": 0.24}, ...],
//    "covariance_order": ["tx", "ty", "tz", "rx", "ry", "rz"],
//    "covariance_units": {"translation": "unit of x3d", "rotation": "rad"},
//    "log_evidence": -3.2, "standard_error": 0.01, "ess": 0.61, "khat": 0.2, "samples": 512,
//    "points": 4, "words": "two modes, 63 deg apart", "status": ["multi_modal"]}
//
// A mode's probability is the posterior mass whose descent ends there, its covariance the shape of
// the posterior around it, in the tangent of poses.jsonl (pose_results.h). The most probable mode
// comes first; an object that cannot be sampled has none. log_evidence is the log of the integral
// of exp(-cost) x prior over dt dtheta, ess a share of the samples. With dof 4 ("dof": 4 is then
// there) modes have "yaw" and the order is tx, ty, tz, yaw. What does not exist is null.
#ifndef PROPNP_IO_POSTERIOR_RESULTS_H_
#define PROPNP_IO_POSTERIOR_RESULTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "propnp/io/rotations.h"
#include "propnp/io/status.h"

namespace propnp::io {

constexpr char kPosteriorSchema[] = "propnp-posterior-1";

struct PosteriorModeResult {
  double probability = 0;
  Pose cam_from_object = kIdentityPose;  // [tx ty tz qw qx qy qz] for both dof
  std::optional<double> yaw_rad;         // dof 4 only
  std::vector<double> covariance;        // dof x dof, row by row
  double cost = 0;
  double rms_px = 0;
};

struct PosteriorResult {
  std::string id;
  int32_t dof = 6;
  std::vector<PosteriorModeResult> modes;
  double log_evidence = 0, standard_error = 0;
  double ess = 0, khat = 0;
  int64_t samples = 0;
  int64_t points = 0;
  std::string words;                // for people
  std::vector<std::string> status;  // names of the status bits
};

// One line with its line break. The error names the result and a field of the wrong size.
Result<std::string> FormatPosteriorResult(const PosteriorResult& result);

// Lines 0 .. count - 1, each asked for when it is written, so that they are never all in memory.
Status WritePosteriorResults(size_t count, const std::function<PosteriorResult(size_t)>& result,
                             const std::string& path);

}  // namespace propnp::io

#endif  // PROPNP_IO_POSTERIOR_RESULTS_H_
