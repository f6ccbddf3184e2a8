// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What kind of input a path is, told by its content and not by its name.
#ifndef PROPNP_IO_DETECT_FORMAT_H_
#define PROPNP_IO_DETECT_FORMAT_H_

#include <string>

#include "propnp/io/status.h"

namespace propnp::io {

enum class InputFormat {
  kColmap,           // folder with cameras, images, points3D as .bin or .txt
  kBal,              // file that begins with three counts
  kBopScene,         // folder with scene_camera.json and scene_gt.json
  kBopResults,       // CSV scene_id,im_id,obj_id,score,R,t,time
  kCorrespondences,  // JSON lines
};

// "COLMAP model", "BAL problem", ...
const char* FormatName(InputFormat format);

struct DetectedInput {
  InputFormat format;
  std::string path;  // what the reader wants: of a COLMAP project, the folder of its model
};

// In a folder, the model may lie in it or below it in sparse/0, sparse or 0. The error says what
// was looked for.
Result<DetectedInput> DetectFormat(const std::string& path);

}  // namespace propnp::io

#endif  // PROPNP_IO_DETECT_FORMAT_H_
