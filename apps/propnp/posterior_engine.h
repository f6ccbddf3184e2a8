// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// One call of the engine's sampler.
#ifndef PROPNP_APPS_POSTERIOR_ENGINE_H_
#define PROPNP_APPS_POSTERIOR_ENGINE_H_

#include <cstdint>
#include <vector>

#include "apps/propnp/posterior.h"
#include "propnp/engine/context.h"

namespace propnp::app {

// Of like objects (see LikeObjects), as the engine lays them out: B x S x (7 or 4), B x S.
struct EngineSamples {
  std::vector<double> pose, log_weight;
};

// `ids` are the keys of the objects' random streams: equal keys, equal samples. `samples` may be
// null. Errors in pixels are the caller's.
std::vector<ObjectPosterior> SampleWithEngine(const io::PoseDataset& dataset,
                                              const std::vector<uint64_t>& ids,
                                              const LossOption& loss,
                                              const SamplingOptions& options, Context* context,
                                              EngineSamples* samples);

}  // namespace propnp::app

#endif  // PROPNP_APPS_POSTERIOR_ENGINE_H_
