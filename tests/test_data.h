// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#ifndef PROPNP_TESTS_TEST_DATA_H_
#define PROPNP_TESTS_TEST_DATA_H_

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

namespace propnp::test {

// Where test data may lie, in the order in which it is looked for: the folder named by the
// environment variable PROPNP_TEST_DATA, the data shared beside the checkout, the checkout's own.
// Folders that do not exist are left out.
inline std::vector<std::filesystem::path> TestDataDirs() {
  const std::filesystem::path source_dir = PROPNP_SOURCE_DIR;
  std::vector<std::filesystem::path> dirs;
  const auto add_if_present = [&dirs](const std::filesystem::path& dir) {
    std::error_code ignored;
    if (std::filesystem::is_directory(dir, ignored)) dirs.push_back(dir);
  };
  if (const char* named = std::getenv("PROPNP_TEST_DATA"); named != nullptr && *named != '\0') {
    add_if_present(named);
  }
  add_if_present(source_dir.parent_path() / "shared" / "data");
  add_if_present(source_dir / "tests" / "data");
  return dirs;
}

// The first of TestDataDirs(); tests/data is part of the checkout, so there is always one.
inline std::filesystem::path TestDataDir() { return TestDataDirs().at(0); }

// The file or folder `relative` (such as "golden/epropnp_golden.json") in the first of
// TestDataDirs() that has it. Data outside the checkout may be absent: then the test is skipped,
//
//   const auto model = FindTestData("real/colmap_maupertuis");
//   if (!model) GTEST_SKIP() << "needs real/colmap_maupertuis";
inline std::optional<std::filesystem::path> FindTestData(const std::filesystem::path& relative) {
  for (const std::filesystem::path& dir : TestDataDirs()) {
    std::error_code ignored;
    if (std::filesystem::exists(dir / relative, ignored)) return dir / relative;
  }
  return std::nullopt;
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_TEST_DATA_H_
