// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The records of a ZIP archive of files that are stored without compression (PKWARE APPNOTE 6.3.10,
// sections 4.3.7, 4.3.12 to 4.3.16):
//
//   local header, file, local header, file, ..., central header of each, end of the directory
#ifndef PROPNP_IO_ZIP_RECORDS_H_
#define PROPNP_IO_ZIP_RECORDS_H_

#include <cstdint>
#include <string>

namespace propnp::io {

// Sizes and offsets from here on need ZIP64.
constexpr uint64_t kZip64Limit = 0xFFFFFFFF;

struct ZipEntry {
  std::string name;
  uint64_t offset = 0;  // of the local header in the archive
  uint64_t size = 0;    // of the file
  uint32_t crc = 0;
};

// `zip64_limit` is kZip64Limit, or smaller in tests. The header's size does not depend on the CRC.
std::string ZipLocalHeader(const ZipEntry& entry, uint64_t zip64_limit);
std::string ZipCentralHeader(const ZipEntry& entry, uint64_t zip64_limit);
// What ends an archive of `count` files whose central headers are [begin, begin + size).
std::string ZipEndOfDirectory(uint64_t count, uint64_t begin, uint64_t size, uint64_t zip64_limit);

}  // namespace propnp::io

#endif  // PROPNP_IO_ZIP_RECORDS_H_
