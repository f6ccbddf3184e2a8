// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/byte_reader.h"

namespace propnp::io {

bool ByteReader::ReadString(const char* field, std::string* value) {
  if (!status_.ok()) return false;
  const std::string_view rest = bytes_.substr(position_);
  const size_t zero = rest.find('\0');
  if (zero == std::string_view::npos) {
    return Fail(field, "the string has no end: the file is truncated");
  }
  value->assign(rest.substr(0, zero));
  position_ += zero + 1;
  return true;
}

bool ByteReader::ExpectEnd() {
  if (!status_.ok()) return false;
  return remaining() == 0 ||
         Fail("", std::to_string(remaining()) + " bytes too many behind the last record");
}

bool ByteReader::Fail(const char* field, const std::string& problem) {
  if (status_.ok()) status_ = ErrorAt(file_, "byte " + std::to_string(position_), field, problem);
  return false;
}

bool ByteReader::FailTruncated(const char* field, uint64_t needed) {
  return Fail(field, "needs " + std::to_string(needed) + " bytes, the file has " +
                         std::to_string(remaining()) + " left: it is truncated");
}

bool ByteReader::FailCount(const char* field, uint64_t count, uint64_t record_bytes) {
  return Fail(field, "count " + std::to_string(count) + " of records of at least " +
                         std::to_string(record_bytes) + " bytes is more than the file can hold");
}

}  // namespace propnp::io
