// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The program without main(), so that tests can run it.
#ifndef PROPNP_APPS_COMMAND_LINE_H_
#define PROPNP_APPS_COMMAND_LINE_H_

#include <ostream>
#include <string>
#include <vector>

namespace propnp::app {

// Exit codes.
inline constexpr int kAllGood = 0;
inline constexpr int kSomeFailed = 1;  // the failed poses are listed
inline constexpr int kUsageError = 2;  // one line on `err` says what to do

// `arguments` without the program's name.
int RunCommandLine(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace propnp::app

#endif  // PROPNP_APPS_COMMAND_LINE_H_
