// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/names.h"

#include <cstdint>

namespace propnp::io {
namespace {

constexpr size_t kMaxQuoted = 60;

bool IsContinuation(unsigned char c) { return (c & 0xC0) == 0x80; }

bool HasControlCharacters(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return true;
  }
  return false;
}

// A backslash separates too: the file may have been made, or be read, on Windows.
bool HasParentComponent(std::string_view path) {
  while (true) {
    const size_t separator = path.find_first_of("/\\");
    if (path.substr(0, separator) == "..") return true;
    if (separator == std::string_view::npos) return false;
    path.remove_prefix(separator + 1);
  }
}

bool IsAbsolute(std::string_view path) {
  return path[0] == '/' || path[0] == '\\' || (path.size() > 1 && path[1] == ':');
}

}  // namespace

size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(byte(i))) return 0;
  }
  // The second byte decides about overlong forms, surrogates and what lies beyond U+10FFFF.
  const unsigned char second = byte(1);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return length;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

const char* IdProblem(std::string_view id) {
  if (id.empty()) return "is empty";
  if (!IsUtf8(id)) return "is not UTF-8 text";
  if (HasControlCharacters(id)) return "has control characters";
  return nullptr;
}

const char* ImageNameProblem(std::string_view name) {
  if (const char* problem = IdProblem(name)) return problem;
  if (IsAbsolute(name)) return "is an absolute path; it must be relative to the image folder";
  if (HasParentComponent(name)) return "climbs out of the image folder by '..'";
  return nullptr;
}

std::string Quoted(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string quoted = "'";
  for (const char c : text.substr(0, kMaxQuoted)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      quoted += c;
    } else {
      quoted += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return quoted + (text.size() > kMaxQuoted ? "...'" : "'");
}

}  // namespace propnp::io
