// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Parts of a dataset, so that unlike objects can be solved in batches of like ones and long work
// can show its progress.
#ifndef PROPNP_APPS_SELECT_OBJECTS_H_
#define PROPNP_APPS_SELECT_OBJECTS_H_

#include <cstddef>
#include <vector>

#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// The objects with the given indices, in that order, with all cameras.
io::PoseDataset SelectObjects(const io::PoseDataset& dataset, const std::vector<size_t>& indices);

// Indices of objects that one call of the engine can take together, at most `most` in a part: equal
// degrees of freedom and yaw axis, all or none with a start, priors of one kind or none.
std::vector<std::vector<size_t>> LikeObjects(const io::PoseDataset& dataset, size_t most);

}  // namespace propnp::app

#endif  // PROPNP_APPS_SELECT_OBJECTS_H_
