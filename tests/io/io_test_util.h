// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What the tests of the formats share.
#ifndef PROPNP_TESTS_IO_IO_TEST_UTIL_H_
#define PROPNP_TESTS_IO_IO_TEST_UTIL_H_

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "propnp/io/file.h"
#include "propnp/io/pose_dataset.h"
#include "propnp/io/rotations.h"

namespace propnp::io {

// A folder that is empty at first and gone afterwards; in memory where there is a place for that,
// because some tests write tens of thousands of files.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    for (const std::string& parent :
         {std::string("/dev/shm"), std::filesystem::temp_directory_path().string()}) {
      std::string pattern = parent + "/propnp_io_XXXXXX";
      if (mkdtemp(pattern.data()) == nullptr) continue;
      path_ = pattern;
      return;
    }
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return JoinPath(path_, name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A file of tests/data/io.
inline std::string Sample(const std::string& name) {
  return std::string(PROPNP_SOURCE_DIR) + "/tests/data/io/" + name;
}

inline std::string ReadOrDie(const std::string& path) {
  Result<std::string> contents = ReadFile(path);
  EXPECT_TRUE(contents.ok()) << contents.status().message();
  return contents.ok() ? *contents : "";
}

#define ASSERT_IO_OK(expression)                         \
  do {                                                   \
    const auto& ok_result = (expression);                \
    ASSERT_TRUE(ok_result.ok()) << MessageOf(ok_result); \
  } while (false)

inline std::string MessageOf(const Status& status) { return status.message(); }
template <typename T>
std::string MessageOf(const Result<T>& result) {
  return result.status().message();
}

// The error's message holds every one of these texts.
template <typename Outcome>
void ExpectError(const Outcome& outcome, std::initializer_list<const char*> parts) {
  ASSERT_FALSE(outcome.ok());
  for (const char* part : parts) {
    EXPECT_NE(MessageOf(outcome).find(part), std::string::npos)
        << "no '" << part << "' in: " << MessageOf(outcome);
  }
}

// Written here once more, independently of the library: the pinhole or radial projection of point
// `p` of view `v` minus its pixel.
inline std::array<double, 2> ReprojectionError(const PoseDataset& data, size_t object, size_t view,
                                               size_t p) {
  const Pose& pose = data.objects[object].pose;
  const DatasetCamera& camera = data.cameras[static_cast<size_t>(data.views[view].camera)];
  const double* x = &data.x3d[3 * p];
  const double w = pose[3], a = pose[4], b = pose[5], c = pose[6];
  // v + 2 w (u x v) + 2 u x (u x v)
  const double cross[3] = {b * x[2] - c * x[1], c * x[0] - a * x[2], a * x[1] - b * x[0]};
  const double twice[3] = {b * cross[2] - c * cross[1], c * cross[0] - a * cross[2],
                           a * cross[1] - b * cross[0]};
  double in_cam[3];
  for (int i = 0; i < 3; ++i) in_cam[i] = x[i] + 2 * w * cross[i] + 2 * twice[i] + pose[i];
  const double u = in_cam[0] / in_cam[2], v = in_cam[1] / in_cam[2];
  const auto& k = camera.parameters;
  double projected[2] = {k[0] * u + k[2], k[1] * v + k[3]};
  if (camera.model == PROPNP_CAMERA_SIMPLE_RADIAL) {
    const double r2 = u * u + v * v;
    const double factor = k[0] * (1 + k[3] * r2 + k[4] * r2 * r2);
    projected[0] = factor * u + k[1];
    projected[1] = factor * v + k[2];
  }
  return {projected[0] - data.x2d[2 * p], projected[1] - data.x2d[2 * p + 1]};
}

}  // namespace propnp::io

#endif  // PROPNP_TESTS_IO_IO_TEST_UTIL_H_
