// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Refined poses as a table for a person. Up to 40 poses are all shown in their own order; of more
// only those with a failed status and the largest residuals, with a line that says so.
#ifndef PROPNP_APPS_POSE_TABLE_H_
#define PROPNP_APPS_POSE_TABLE_H_

#include <string>
#include <vector>

#include "apps/propnp/posterior.h"
#include "apps/propnp/refinement.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// How lengths are shown where x3d has `unit`: "m" in mm, "" without a name.
class LengthUnit {
 public:
  explicit LengthUnit(const std::string& unit)
      : suffix_(unit == "m"    ? " mm"
                : unit.empty() ? ""
                               : " " + unit),
        scale_(unit == "m" ? 1000 : 1) {}
  const std::string& suffix() const { return suffix_; }  // " mm"
  double scale() const { return scale_; }                // times a length of x3d

 private:
  std::string suffix_;
  double scale_;
};

// `unit` is that of x3d. `posteriors` may be empty.
std::string PoseTable(const io::PoseDataset& dataset, const std::vector<RefinedObject>& refined,
                      const std::vector<ObjectPosterior>& posteriors, const std::string& unit);

// Standard deviations of a pose as one number each: square roots of the traces of the covariance's
// translation and rotation blocks. Unknown without a covariance.
struct PoseSigmas {
  double translation;  // unit of x3d
  double rotation_deg;
};
PoseSigmas SigmasOf(const RefinedObject& object, int32_t dof);
PoseSigmas SigmasOf(const std::vector<double>& covariance, int32_t dof);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSE_TABLE_H_
