// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// COLMAP's camera models: their numbers, names and parameters, and which of ours they are.
#ifndef PROPNP_IO_COLMAP_CAMERAS_H_
#define PROPNP_IO_COLMAP_CAMERAS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "propnp/io/colmap.h"
#include "propnp/io/pose_dataset.h"
#include "propnp/io/status.h"

namespace propnp::io {

struct ColmapCameraModel {
  int32_t id;
  const char* name;
  size_t num_parameters;
};

// Null when COLMAP has no such model (that we know of).
const ColmapCameraModel* FindColmapCameraModel(int32_t id);
const ColmapCameraModel* FindColmapCameraModel(std::string_view name);

// The names of all known models, for messages.
std::string ColmapCameraModelNames();

// The same camera as one of ours, its principal point in OpenCV's pixels (first centre at 0). The
// error names a model without a counterpart.
Result<DatasetCamera> ToDatasetCamera(const ColmapCamera& camera);

}  // namespace propnp::io

#endif  // PROPNP_IO_COLMAP_CAMERAS_H_
