// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace propnp::app {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::chrono::milliseconds kRedraw{100};
constexpr int kWidth = 30;
constexpr char kEraseLine[] = "\r\033[K";

}  // namespace

ProgressBar::ProgressBar(std::string label, int64_t total)
    : label_(std::move(label)),
      total_(std::max<int64_t>(total, 1)),
      is_terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() {
  if (is_drawn_) std::fputs(kEraseLine, stderr);
}

void ProgressBar::Update(int64_t done) {
  if (!is_terminal_) return;
  const auto now = Clock::now();
  if (now - start_ < kPatience || now - last_draw_ < kRedraw) return;
  last_draw_ = now;
  is_drawn_ = true;

  const double fraction = std::clamp(static_cast<double>(done) / total_, 0.0, 1.0);
  const int filled = static_cast<int>(fraction * kWidth);
  const std::string bar = std::string(filled, '#') + std::string(kWidth - filled, '.');
  std::fprintf(stderr, "%s%s [%s] %lld/%lld", kEraseLine, label_.c_str(), bar.c_str(),
               static_cast<long long>(done), static_cast<long long>(total_));
  if (fraction > 0.02) {
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    std::fprintf(stderr, ", %.0f s left", elapsed * (1 - fraction) / fraction);
  }
  std::fflush(stderr);
}

}  // namespace propnp::app
