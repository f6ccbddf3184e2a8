// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A camera as JSON, {"model": ..., "parameters": ..., "width": ..., "height": ...}; the schema is
// in correspondence_json.h.
#ifndef PROPNP_IO_CAMERA_JSON_INTERNAL_H_
#define PROPNP_IO_CAMERA_JSON_INTERNAL_H_

#include <string>

#include "propnp/io/json_internal.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::io::json {

bool ReadCamera(const Value& value, const std::string& field, Reader* in, DatasetCamera* camera);
void AppendCamera(const DatasetCamera& camera, std::string* out);

}  // namespace propnp::io::json

#endif  // PROPNP_IO_CAMERA_JSON_INTERNAL_H_
