// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// make_sample_data FOLDER: for the tests that run the program from a shell.
#include <cstdio>
#include <exception>
#include <filesystem>

#include "tests/apps/sample_data.h"

int main(int argc, char** argv) {
  try {
    if (argc != 2) throw std::runtime_error("usage: make_sample_data FOLDER");
    std::filesystem::create_directories(argv[1]);
    propnp::app::WriteSampleData(argv[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_sample_data: %s\n", error.what());
    return 1;
  }
}
