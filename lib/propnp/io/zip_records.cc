// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/zip_records.h"

#include "propnp/io/byte_reader.h"

namespace propnp::io {
namespace {

constexpr uint32_t kLocalSignature = 0x04034b50, kCentralSignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50, kEnd64Signature = 0x06064b50;
constexpr uint32_t kEnd64LocatorSignature = 0x07064b50;
constexpr uint16_t kVersion = 20, kVersionOfZip64 = 45;
constexpr uint16_t kZip64Extra = 1;
// 1 January 1980, the first day of the format: the same arrays give the same bytes.
constexpr uint16_t kTime = 0, kDate = (1 << 5) | 1;
constexpr uint32_t kInExtra = 0xFFFFFFFF;  // "see the ZIP64 record"
constexpr uint16_t kManyEntries = 0xFFFF;

}  // namespace

std::string ZipLocalHeader(const ZipEntry& entry, uint64_t zip64_limit) {
  const bool large = entry.size >= zip64_limit;
  const uint32_t size = large ? kInExtra : static_cast<uint32_t>(entry.size);
  std::string header;
  AppendBytes(kLocalSignature, &header);
  AppendBytes(large ? kVersionOfZip64 : kVersion, &header);
  AppendBytes(uint16_t{0}, &header);  // flags
  AppendBytes(uint16_t{0}, &header);  // method: stored
  AppendBytes(kTime, &header);
  AppendBytes(kDate, &header);
  AppendBytes(entry.crc, &header);
  AppendBytes(size, &header);  // compressed
  AppendBytes(size, &header);
  AppendBytes(static_cast<uint16_t>(entry.name.size()), &header);
  AppendBytes(static_cast<uint16_t>(large ? 20 : 0), &header);
  header += entry.name;
  if (large) {
    AppendBytes(kZip64Extra, &header);
    AppendBytes(uint16_t{16}, &header);
    AppendBytes(entry.size, &header);
    AppendBytes(entry.size, &header);
  }
  return header;
}

std::string ZipCentralHeader(const ZipEntry& entry, uint64_t zip64_limit) {
  const bool large = entry.size >= zip64_limit, far = entry.offset >= zip64_limit;
  const uint32_t size = large ? kInExtra : static_cast<uint32_t>(entry.size);
  std::string extra;  // only those that did not fit, in this order
  if (large) {
    AppendBytes(entry.size, &extra);
    AppendBytes(entry.size, &extra);
  }
  if (far) AppendBytes(entry.offset, &extra);
  std::string header;
  AppendBytes(kCentralSignature, &header);
  AppendBytes(kVersionOfZip64, &header);  // made by, on MS-DOS: no attributes
  AppendBytes(large || far ? kVersionOfZip64 : kVersion, &header);
  AppendBytes(uint16_t{0}, &header);
  AppendBytes(uint16_t{0}, &header);
  AppendBytes(kTime, &header);
  AppendBytes(kDate, &header);
  AppendBytes(entry.crc, &header);
  AppendBytes(size, &header);
  AppendBytes(size, &header);
  AppendBytes(static_cast<uint16_t>(entry.name.size()), &header);
  AppendBytes(static_cast<uint16_t>(extra.empty() ? 0 : extra.size() + 4), &header);
  AppendBytes(uint16_t{0}, &header);  // comment
  AppendBytes(uint16_t{0}, &header);  // disk
  AppendBytes(uint16_t{0}, &header);  // attributes
  AppendBytes(uint32_t{0}, &header);
  AppendBytes(far ? kInExtra : static_cast<uint32_t>(entry.offset), &header);
  header += entry.name;
  if (!extra.empty()) {
    AppendBytes(kZip64Extra, &header);
    AppendBytes(static_cast<uint16_t>(extra.size()), &header);
    header += extra;
  }
  return header;
}

std::string ZipEndOfDirectory(uint64_t count, uint64_t begin, uint64_t size, uint64_t zip64_limit) {
  const bool large = begin >= zip64_limit || size >= zip64_limit || count >= kManyEntries;
  std::string end;
  if (large) {
    AppendBytes(kEnd64Signature, &end);
    AppendBytes(uint64_t{44}, &end);  // of the rest of this record
    AppendBytes(kVersionOfZip64, &end);
    AppendBytes(kVersionOfZip64, &end);
    AppendBytes(uint32_t{0}, &end);  // disks
    AppendBytes(uint32_t{0}, &end);
    AppendBytes(count, &end);
    AppendBytes(count, &end);
    AppendBytes(size, &end);
    AppendBytes(begin, &end);
    AppendBytes(kEnd64LocatorSignature, &end);
    AppendBytes(uint32_t{0}, &end);
    AppendBytes(begin + size, &end);
    AppendBytes(uint32_t{1}, &end);
  }
  AppendBytes(kEndSignature, &end);
  AppendBytes(uint16_t{0}, &end);
  AppendBytes(uint16_t{0}, &end);
  const uint16_t short_count = large ? kManyEntries : static_cast<uint16_t>(count);
  AppendBytes(short_count, &end);
  AppendBytes(short_count, &end);
  AppendBytes(large ? kInExtra : static_cast<uint32_t>(size), &end);
  AppendBytes(large ? kInExtra : static_cast<uint32_t>(begin), &end);
  AppendBytes(uint16_t{0}, &end);
  return end;
}

}  // namespace propnp::io
