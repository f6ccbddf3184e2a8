// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Photographs of a board -> poses to find: one object for each chessboard, one for each marker.
#ifndef PROPNP_APPS_PHOTO_DATASET_H_
#define PROPNP_APPS_PHOTO_DATASET_H_

#include <string>
#include <vector>

#include "apps/propnp/board_spec.h"
#include "apps/propnp/camera_file.h"
#include "propnp/io/pose_dataset.h"

namespace propnp::app {

struct PhotoDataset {
  io::PoseDataset dataset;                 // no object has a start
  std::string image_folder;                // the views' images are relative to it
  std::vector<std::string> without_board;  // images on which nothing was found
};

// True for the file names that OpenCV decodes (by their ending).
bool IsPhotoName(const std::string& path);

// Files that exist stay as they are, patterns with * ? [ become the files that they match, sorted.
// Throws InputError for what matches nothing.
std::vector<std::string> ExpandPatterns(const std::vector<std::string>& arguments);

// The photographs in a folder, sorted.
std::vector<std::string> PhotosIn(const std::string& folder);

// Looks for the board on every photograph. Throws InputError for a file that is no image, and for
// one whose size is not the calibration's.
PhotoDataset DetectOnPhotos(const std::vector<std::string>& photos, const BoardSpec& board,
                            const Intrinsics& intrinsics);

}  // namespace propnp::app

#endif  // PROPNP_APPS_PHOTO_DATASET_H_
