// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The files of apps/demo, built into the program (see apps/CMakeLists.txt).
#ifndef PROPNP_APPS_DEMO_DATA_H_
#define PROPNP_APPS_DEMO_DATA_H_

namespace propnp::app {

extern const char kChessboardCorners[];    // chessboard_corners.jsonl
extern const char kPublishedExtrinsics[];  // published_extrinsics.txt

}  // namespace propnp::app

#endif  // PROPNP_APPS_DEMO_DATA_H_
