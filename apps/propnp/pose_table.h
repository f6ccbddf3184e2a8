// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Refined poses as a table for a person. Up to 40 poses are all shown in their own order; of more
// only those with a failed status and the largest residuals, with a line that says so.
#ifndef PROPNP_APPS_POSE_TABLE_H_
#define PROPNP_APPS_POSE_TABLE_H_

#include <string>
#include <vector>

#include "apps/propnp/refinement.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// `unit` is that of x3d: "m" shows translations in mm, "" is not named.
std::string PoseTable(const io::PoseDataset& dataset, const std::vector<RefinedObject>& refined,
                      const std::string& unit);

// Rows of cells, the first of them the heading: the first column to the left, numbers to the right.
std::string AlignedTable(const std::vector<std::vector<std::string>>& rows);

// Standard deviations of a pose as one number each: square roots of the traces of the covariance's
// translation and rotation blocks. Unknown without a covariance.
struct PoseSigmas {
  double translation;  // unit of x3d
  double rotation_deg;
};
PoseSigmas SigmasOf(const RefinedObject& object, int32_t dof);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSE_TABLE_H_
