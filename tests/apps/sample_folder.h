// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Tests that share one folder of sample data.
#ifndef PROPNP_TESTS_APPS_SAMPLE_FOLDER_H_
#define PROPNP_TESTS_APPS_SAMPLE_FOLDER_H_

#include <gtest/gtest.h>

#include <string>

#include "tests/apps/run_app.h"
#include "tests/apps/sample_data.h"

namespace propnp::app {

class SampleFolder : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    WriteSampleData(folder_->path());
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static std::string Sample(const std::string& name) { return *folder_ / name; }

  static inline TemporaryFolder* folder_ = nullptr;
};

}  // namespace propnp::app

#endif  // PROPNP_TESTS_APPS_SAMPLE_FOLDER_H_
