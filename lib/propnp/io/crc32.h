// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The checksum of ZIP archives: CRC-32 of ISO 3309, polynomial 0xEDB88320 (bits reversed).
#ifndef PROPNP_IO_CRC32_H_
#define PROPNP_IO_CRC32_H_

#include <cstddef>
#include <cstdint>

namespace propnp::io {

// `crc` is that of the bytes before these, 0 at the beginning.
uint32_t Crc32(uint32_t crc, const void* bytes, size_t size);

}  // namespace propnp::io

#endif  // PROPNP_IO_CRC32_H_
