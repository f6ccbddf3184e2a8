// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Square markers through both interfaces of OpenCV: free functions up to 4.6 (module aruco), the
// class ArucoDetector from 4.7 on (module objdetect).
#ifndef PROPNP_APPS_ARUCO_COMPAT_H_
#define PROPNP_APPS_ARUCO_COMPAT_H_

#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace propnp::app {

struct MarkerDictionary {
  const char* name;  // without OpenCV's "DICT_"
  int id;            // cv::aruco::PREDEFINED_DICTIONARY_NAME
};

// Any case, with or without "DICT_"; null when unknown.
const MarkerDictionary* FindMarkerDictionary(const std::string& name);

std::string MarkerDictionaryNames();

struct Marker {
  int id = 0;
  int cells_per_side = 0;               // the black border included
  std::vector<cv::Point2f> corners_px;  // to a pixel, clockwise from the marker's own top left
};

// Markers of the dictionary on a grey image, by rising id.
std::vector<Marker> DetectMarkers(const cv::Mat& grey, int dictionary);

}  // namespace propnp::app

#endif  // PROPNP_APPS_ARUCO_COMPAT_H_
