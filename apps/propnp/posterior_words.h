// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A posterior in plain words.
#ifndef PROPNP_APPS_POSTERIOR_WORDS_H_
#define PROPNP_APPS_POSTERIOR_WORDS_H_

#include <string>

#include "apps/propnp/posterior.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

// "two modes, 63 deg apart", "one mode; needs a prior: ...", "failed: fewer than 3 points with
// weight".
std::string DescribePosterior(const ObjectPosterior& posterior, const io::DatasetObject& object);

// The angle between a mode and the most probable one, degrees.
double TurnedDeg(const ObjectPosterior& posterior, const io::DatasetObject& object, size_t mode);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_WORDS_H_
