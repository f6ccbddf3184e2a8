// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// samples.npz: every weighted sample, for NumPy. B objects, S samples of each, M modes at most,
// D' = 7 [tx ty tz qw qx qy qz], D = 6; where all objects have 4 degrees of freedom D' = 4
// [tx ty tz yaw], D = 4.
//
//   id              (B) text
//   pose            (B, S, D') float64, cam_from_object
//   log_weight      (B, S) float64: log(exp(-cost) prior / density that it was drawn from)
//   mode_count      (B) int32; rows of the following behind it are zero
//   mode_pose       (B, M, D') float64, the most probable first
//   mode_covariance (B, M, D, D) float64, in the tangent of poses.jsonl
//   mode_probability, mode_cost  (B, M) float64
//   log_evidence, standard_error, ess, khat  (B) float64
//   status          (B) int32
//
// A failed object has zeros. An object of 4 degrees of freedom among others of 6 has its full pose,
// and a covariance of rank 4.
#ifndef PROPNP_APPS_SAMPLES_FILE_H_
#define PROPNP_APPS_SAMPLES_FILE_H_

#include <string>
#include <vector>

#include "apps/propnp/posterior.h"
#include "propnp/io/npz.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// Takes samples while they are made, so that they are never all in memory. Throws InputError.
class SamplesFile {
 public:
  SamplesFile(const std::string& path, const io::PoseDataset& dataset, int64_t samples);

  // Parts in the order of the objects.
  void Take(const PartSamples& part);

  // What came out, and the end of the file.
  void Finish(const std::vector<ObjectPosterior>& posteriors);

 private:
  size_t Add(const std::string& name, const io::NpyType& type, const std::vector<int64_t>& shape);
  // An array with a row for every object: fill(i, &rows) appends the numbers of row i.
  template <typename T, typename Fill>
  void AddRows(const std::string& name, const io::NpyType& type,
               const std::vector<int64_t>& row_shape, const Fill& fill);
  void AddIds();
  void AddModes(const std::vector<ObjectPosterior>& posteriors);
  void AddScalars(const std::vector<ObjectPosterior>& posteriors);

  const io::PoseDataset& dataset_;
  const int64_t objects_, pose_size_, dof_;
  io::NpzWriter writer_;
  size_t pose_ = 0, log_weight_ = 0;  // numbers of the arrays
};

}  // namespace propnp::app

#endif  // PROPNP_APPS_SAMPLES_FILE_H_
