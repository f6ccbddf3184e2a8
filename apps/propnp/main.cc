// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include <glog/logging.h>

#include <iostream>
#include <opencv2/core/utils/logger.hpp>
#include <string>
#include <vector>

#include "apps/propnp/command_line.h"

int main(int argc, char** argv) {
  // What matters comes as one line of ours, not as the libraries' chatter.
  FLAGS_minloglevel = 3;
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const int code = propnp::app::RunCommandLine(arguments, std::cout, std::cerr);
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "propnp: cannot write to standard output\n";
    return propnp::app::kUsageError;
  }
  return code;
}
