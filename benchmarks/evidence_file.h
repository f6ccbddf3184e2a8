// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reads files of posteriors whose evidence, modes and gradients are known from long runs:
// tests/data/evidence/evidence.json and larger files of the same form, which their `meta` states.
// Tests and benchmarks share this reader.
#ifndef PROPNP_BENCHMARKS_EVIDENCE_FILE_H_
#define PROPNP_BENCHMARKS_EVIDENCE_FILE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "propnp/engine/views.h"

namespace propnp::bench {

// One object of N points. Arrays are dense and row-major; poses are cam_from_object, [tx ty tz qw
// qx qy qz] or with 4DoF [tx ty tz yaw].
struct EvidenceProblem {
  std::string name, family;

  int32_t dof = 6;
  int64_t num_points = 0;
  std::vector<double> x3d;        // (N, 3)
  std::vector<double> x2d;        // (N, 2), px
  std::vector<double> w2d;        // (N, 2), 1/px; or
  std::vector<double> sqrt_info;  // (N, 2, 2), 1/px
  int32_t camera_model = PROPNP_CAMERA_PINHOLE;
  std::array<double, PROPNP_MAX_CAMERA_PARAMETERS> camera_parameters{};
  int32_t loss = PROPNP_LOSS_NONE;
  double delta = 1;
  double z_min = 0;  // smallest depth to divide by, positive
  std::array<double, 3> yaw_axis{0, 1, 0};
  std::array<double, 4> base_rotation{1, 0, 0, 0};   // qw qx qy qz
  std::vector<double> prior_mean, prior_covariance;  // 3, 3 x 3 of (x/z, y/z, log z), or none
  std::vector<double> pose_true;

  double log_evidence = 0;
  double standard_error = 0;  // of log_evidence
  // Minima with the posterior mass whose descent ends there. Not to be tested where the posterior
  // has a flat valley instead.
  bool modes_reliable = false;
  std::vector<std::vector<double>> mode_pose;
  std::vector<double> mode_probability;
  // d (cost(pose_true) + log evidence) / d inputs with delta held fixed; grad_weight is that of w2d
  // or of sqrt_info.
  std::vector<double> grad_x3d, grad_x2d, grad_weight;

  int64_t pose_size() const { return dof == 6 ? 7 : 4; }
};

// Throws std::runtime_error that names file, problem and field.
std::vector<EvidenceProblem> ReadEvidenceFile(const std::string& path);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_EVIDENCE_FILE_H_
