// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Sampled posteriors as a table for a person: under each object's name its modes, a bar for the
// probability of each. Up to 40 objects are all shown in their own order; of more the least
// certain.
#ifndef PROPNP_APPS_POSTERIOR_TABLE_H_
#define PROPNP_APPS_POSTERIOR_TABLE_H_

#include <string>
#include <vector>

#include "apps/propnp/posterior.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// `unit` is that of x3d: "m" shows lengths in mm, "" is not named.
std::string PosteriorTable(const io::PoseDataset& dataset,
                           const std::vector<ObjectPosterior>& posteriors, const std::string& unit);

// How much an object deserves a look: first failures, then what is not reliable, then by falling
// probability of the best mode.
double Uncertainty(const ObjectPosterior& posterior);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_TABLE_H_
