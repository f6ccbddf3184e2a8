// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Small helpers to read what a user typed and to print numbers.
#ifndef PROPNP_APPS_TEXT_H_
#define PROPNP_APPS_TEXT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace propnp::app {

// "a:b:c" -> {"a", "b", "c"}; empty fields are kept.
std::vector<std::string> Split(std::string_view text, char separator);

std::string Join(const std::vector<std::string>& parts, std::string_view separator);

std::string Lower(std::string_view text);

// The whole text as a finite number, whatever the locale; nothing when anything is left over.
std::optional<double> ParseNumber(std::string_view text);

// The whole text as a decimal integer.
std::optional<int> ParseInteger(std::string_view text);

// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

// "1 pose", "13 poses".
std::string Count(long long number, std::string_view noun);

}  // namespace propnp::app

#endif  // PROPNP_APPS_TEXT_H_
