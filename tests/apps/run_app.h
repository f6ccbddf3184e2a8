// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Running the program from a test: in this process, and in a folder that is gone afterwards.
#ifndef PROPNP_TESTS_APPS_RUN_APP_H_
#define PROPNP_TESTS_APPS_RUN_APP_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "apps/propnp/command_line.h"

namespace propnp::app {

struct AppRun {
  int code = -1;
  std::string out, err;
};

inline AppRun RunApp(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  AppRun run;
  run.code = RunCommandLine(arguments, out, err);
  run.out = out.str();
  run.err = err.str();
  return run;
}

inline void ExpectUsageError(const std::vector<std::string>& arguments,
                             const std::string& message) {
  const AppRun run = RunApp(arguments);
  EXPECT_EQ(run.code, kUsageError) << message;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_NE(run.err.find(message), std::string::npos) << run.err;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "propnp_app_XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// The path of a file of correspondences with this text.
inline std::string WriteInput(const TemporaryFolder& folder, const std::string& text) {
  std::ofstream(folder / "input.jsonl") << text;
  return folder / "input.jsonl";
}

inline std::string ReadText(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream.good()) << path;
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

inline std::vector<nlohmann::json> ReadJsonLines(const std::string& path) {
  std::vector<nlohmann::json> lines;
  std::istringstream text(ReadText(path));
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace propnp::app

#endif  // PROPNP_TESTS_APPS_RUN_APP_H_
