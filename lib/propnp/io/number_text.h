// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Numbers as text: strict in, shortest exact out, the same in every locale.
#ifndef PROPNP_IO_NUMBER_TEXT_H_
#define PROPNP_IO_NUMBER_TEXT_H_

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace propnp::io {

// Parsers return null for success, else what is wrong with `text`, to be put behind it in a
// message. The whole of `text` must be the number; NaN, infinities and overflow are refused.
const char* ParseNumber(std::string_view text, double* value);

template <typename Integer>
const char* ParseNumber(std::string_view text, Integer* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  if (error == std::errc::result_out_of_range) return "is out of range";
  if (error != std::errc() || stop != end) return "is not a whole number of the allowed range";
  return nullptr;
}

// Appends the shortest text that reads back as the same double, bit for bit.
void AppendNumber(double value, std::string* text);

template <typename Integer>
void AppendInteger(Integer value, std::string* text) {
  char buffer[24];
  text->append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

}  // namespace propnp::io

#endif  // PROPNP_IO_NUMBER_TEXT_H_
