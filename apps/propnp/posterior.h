// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What sampling found out about each pose: not one answer, but all that the points allow.
#ifndef PROPNP_APPS_POSTERIOR_H_
#define PROPNP_APPS_POSTERIOR_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "apps/propnp/refinement.h"
#include "apps/propnp/sampling_options.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

struct PoseMode {
  double probability = 0;
  io::Pose pose = io::kIdentityPose;  // stored as DatasetObject::pose
  std::vector<double> covariance;     // D x D: the posterior's shape around this mode
  double cost = 0;                    // prior included
  double rms_px = kUnknown;
};

struct ObjectPosterior {
  // Those with any probability, the most probable first; empty when the object failed.
  std::vector<PoseMode> modes;
  std::vector<double> covariance;  // D x D, of the whole posterior in the best mode's tangent
  double log_evidence = kUnknown, standard_error = kUnknown;
  double ess = kUnknown, khat = kUnknown;
  int64_t points = 0;  // with weight
  int32_t status = 0;  // PROPNP_STATUS_*

  bool failed() const { return modes.empty(); }
  bool ambiguous() const { return modes.size() > 1; }
  // False when its numbers are not to be relied on: failed, in need of a prior, k-hat too high.
  bool reliable() const;
};

// The weighted samples of consecutive objects.
struct PartSamples {
  size_t first = 0, count = 0;     // objects
  int64_t samples = 0;             // S, of each
  int64_t pose_size = 7;           // 7 numbers a pose; 4 if all objects of the dataset have dof 4
  std::vector<double> pose;        // count x S x pose_size
  std::vector<double> log_weight;  // count x S
};
using SamplesCallback = std::function<void(const PartSamples&)>;

// Samples the posterior of every object. Where an object has a pose, that is one more start of the
// search for modes. `take_samples`, unless it is empty, gets all samples in the order of the
// objects, a part at a time, so that their memory does not grow with the dataset. The results
// depend neither on the parts nor on the threads. Throws InputError when the engine refuses the
// data.
std::vector<ObjectPosterior> SamplePosteriors(const io::PoseDataset& dataset,
                                              const LossOption& loss,
                                              const SamplingOptions& options, int threads,
                                              const SamplesCallback& take_samples,
                                              const ProgressCallback& progress);

// The mode that a pose is in: the nearest, if that is within two of its standard deviations
// (Mahalanobis); otherwise -1.
int ModeOf(const ObjectPosterior& posterior, const io::DatasetObject& object, const io::Pose& pose);

// How a pose stands among the modes. Unknown where the object failed.
struct ModeShares {
  double own = kUnknown;        // probability of the mode that it is in; 0 if it is in none
  double next_best = kUnknown;  // of the most probable other mode; 0 if there is none
  int next_best_mode = -1;
};
ModeShares SharesAt(const ObjectPosterior& posterior, const io::DatasetObject& object,
                    const io::Pose& pose);

// 4 where all objects have 4 degrees of freedom, else 7.
int64_t SharedPoseSize(const io::PoseDataset& dataset);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_H_
