// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/aruco_compat.h"

#include <algorithm>
#include <opencv2/core/version.hpp>

#include "apps/propnp/text.h"

#if CV_VERSION_MAJOR > 4 || (CV_VERSION_MAJOR == 4 && CV_VERSION_MINOR >= 7)
#define PROPNP_ARUCO_IN_OBJDETECT 1
#include <opencv2/objdetect/aruco_detector.hpp>
#else
#define PROPNP_ARUCO_IN_OBJDETECT 0
#include <opencv2/aruco.hpp>
#endif

namespace propnp::app {
namespace {

const std::vector<MarkerDictionary>& Dictionaries() {
  using namespace cv::aruco;
  static const std::vector<MarkerDictionary> kDictionaries = {
      {"4X4_50", DICT_4X4_50},
      {"4X4_100", DICT_4X4_100},
      {"4X4_250", DICT_4X4_250},
      {"4X4_1000", DICT_4X4_1000},
      {"5X5_50", DICT_5X5_50},
      {"5X5_100", DICT_5X5_100},
      {"5X5_250", DICT_5X5_250},
      {"5X5_1000", DICT_5X5_1000},
      {"6X6_50", DICT_6X6_50},
      {"6X6_100", DICT_6X6_100},
      {"6X6_250", DICT_6X6_250},
      {"6X6_1000", DICT_6X6_1000},
      {"7X7_50", DICT_7X7_50},
      {"7X7_100", DICT_7X7_100},
      {"7X7_250", DICT_7X7_250},
      {"7X7_1000", DICT_7X7_1000},
      {"ARUCO_ORIGINAL", DICT_ARUCO_ORIGINAL},
      {"APRILTAG_16h5", DICT_APRILTAG_16h5},
      {"APRILTAG_25h9", DICT_APRILTAG_25h9},
      {"APRILTAG_36h10", DICT_APRILTAG_36h10},
      {"APRILTAG_36h11", DICT_APRILTAG_36h11},
  };
  return kDictionaries;
}

// The AprilTag dictionaries of OpenCV 4 are turned by 180 degrees against the images that AprilTag
// itself publishes and everybody prints; OpenCV 5 corrects that (opencv pull request 28823).
bool IsUpsideDown(int dictionary) {
  return CV_VERSION_MAJOR < 5 && dictionary >= cv::aruco::DICT_APRILTAG_16h5 &&
         dictionary <= cv::aruco::DICT_APRILTAG_36h11;
}

// Returns the number of cells on a marker's side, its black border included. Corners come as the
// meeting points of fitted lines: refining them is left to the caller, who knows the cells' size.
int Detect(const cv::Mat& grey, int dictionary_id, std::vector<std::vector<cv::Point2f>>* corners,
           std::vector<int>* ids) {
  const auto dictionary = cv::aruco::getPredefinedDictionary(dictionary_id);
#if PROPNP_ARUCO_IN_OBJDETECT
  cv::aruco::ArucoDetector(dictionary).detectMarkers(grey, *corners, *ids);
  return dictionary.markerSize + 2;
#else
  cv::aruco::detectMarkers(grey, dictionary, *corners, *ids);
  return dictionary->markerSize + 2;
#endif
}

}  // namespace

const MarkerDictionary* FindMarkerDictionary(const std::string& name) {
  std::string wanted = Lower(name);
  if (wanted.rfind("dict_", 0) == 0) wanted.erase(0, 5);
  for (const MarkerDictionary& dictionary : Dictionaries()) {
    if (Lower(dictionary.name) == wanted) return &dictionary;
  }
  return nullptr;
}

std::string MarkerDictionaryNames() {
  std::vector<std::string> names;
  for (const MarkerDictionary& dictionary : Dictionaries()) names.emplace_back(dictionary.name);
  return Join(names, " ");
}

std::vector<Marker> DetectMarkers(const cv::Mat& grey, int dictionary) {
  std::vector<std::vector<cv::Point2f>> corners;
  std::vector<int> ids;
  const int cells = Detect(grey, dictionary, &corners, &ids);
  std::vector<Marker> markers;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (IsUpsideDown(dictionary)) {
      std::rotate(corners[i].begin(), corners[i].begin() + 2, corners[i].end());
    }
    markers.push_back({ids[i], cells, corners[i]});
  }
  std::stable_sort(markers.begin(), markers.end(),
                   [](const Marker& a, const Marker& b) { return a.id < b.id; });
  return markers;
}

}  // namespace propnp::app
