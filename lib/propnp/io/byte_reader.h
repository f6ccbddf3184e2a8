// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reads little-endian fields from bytes that are held in memory, and knows the offset of every
// error.
#ifndef PROPNP_IO_BYTE_READER_H_
#define PROPNP_IO_BYTE_READER_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "propnp/io/status.h"

namespace propnp::io {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "the binary formats are little-endian and are copied as they are");

// A cursor over `bytes`, which must outlive it. Readers return false on the first error, which
// status() then holds.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, std::string file) : bytes_(bytes), file_(std::move(file)) {}

  // A number; NaN and infinities are refused.
  template <typename Number>
  bool Read(const char* field, Number* value) {
    static_assert(std::is_arithmetic_v<Number>);
    if (!status_.ok()) return false;
    if (remaining() < sizeof(Number)) return FailTruncated(field, sizeof(Number));
    std::memcpy(value, bytes_.data() + position_, sizeof(Number));
    if constexpr (std::is_floating_point_v<Number>) {
      if (!std::isfinite(*value)) return Fail(field, "is not a finite number");
    }
    position_ += sizeof(Number);
    return true;
  }

  // A count of records of at least `record_bytes` each: refused when the file cannot hold them, so
  // that a count is safe to allocate for.
  template <typename Count>
  bool ReadCount(const char* field, uint64_t record_bytes, Count* count) {
    const size_t begin = position_;
    if (!Read(field, count)) return false;
    if (*count <= remaining() / record_bytes) return true;
    position_ = begin;
    return FailCount(field, *count, record_bytes);
  }

  // A string that ends in a zero byte.
  bool ReadString(const char* field, std::string* value);

  // Refuses bytes behind the last record.
  bool ExpectEnd();

  // Records an error at the current offset and returns false.
  bool Fail(const char* field, const std::string& problem);

  uint64_t remaining() const { return bytes_.size() - position_; }
  const std::string& file() const { return file_; }
  const Status& status() const { return status_; }

 private:
  bool FailTruncated(const char* field, uint64_t needed);
  bool FailCount(const char* field, uint64_t count, uint64_t record_bytes);

  std::string_view bytes_;
  std::string file_;
  Status status_;
  size_t position_ = 0;
};

// Appends the little-endian bytes of a number.
template <typename Number>
void AppendBytes(Number value, std::string* bytes) {
  static_assert(std::is_arithmetic_v<Number>);
  char buffer[sizeof(Number)];
  std::memcpy(buffer, &value, sizeof(Number));
  bytes->append(buffer, sizeof(Number));
}

}  // namespace propnp::io

#endif  // PROPNP_IO_BYTE_READER_H_
