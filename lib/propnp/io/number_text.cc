// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/number_text.h"

#include <cmath>
#include <cstdlib>

namespace propnp::io {
namespace {

// from_chars reports underflow and overflow alike; the first is a usable number (a denormal or 0).
const char* ParseOutOfRange(std::string_view text, double* value) {
  *value = std::strtod(std::string(text).c_str(), nullptr);
  return std::abs(*value) < 1 ? nullptr : "is out of range";
}

}  // namespace

const char* ParseNumber(std::string_view text, double* value) {
  // from_chars knows no plus sign, files do.
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  if (error == std::errc::result_out_of_range && stop == end) return ParseOutOfRange(text, value);
  if (error != std::errc() || stop != end) return "is not a number";
  if (!std::isfinite(*value)) return "is not a finite number";
  return nullptr;
}

void AppendNumber(double value, std::string* text) {
  char buffer[32];
  text->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

}  // namespace propnp::io
