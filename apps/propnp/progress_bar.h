// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A progress line on stderr, only for a person who is kept waiting: nothing when stderr is not a
// terminal, nothing in the first second, nothing left behind.
#ifndef PROPNP_APPS_PROGRESS_BAR_H_
#define PROPNP_APPS_PROGRESS_BAR_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace propnp::app {

class ProgressBar {
 public:
  ProgressBar(std::string label, int64_t total);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // `done` of `total` steps are behind us.
  void Update(int64_t done);

 private:
  using Clock = std::chrono::steady_clock;

  std::string label_;
  int64_t total_;
  bool is_terminal_;
  bool is_drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_draw_ = start_;
};

}  // namespace propnp::app

#endif  // PROPNP_APPS_PROGRESS_BAR_H_
