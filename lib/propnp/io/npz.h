// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Arrays for NumPy, in one file:
//
//   data = numpy.load("samples.npz"); data["pose"].shape
//
// An .npz file is a ZIP archive (PKWARE APPNOTE 6.3.10) of .npy files (NumPy's format version 1.0),
// here stored without compression, so that every array's place is known before its numbers are:
// several arrays can grow side by side while none is held in memory. Beyond 4 GiB the archive has
// the records of ZIP64. The same arrays give the same bytes.
#ifndef PROPNP_IO_NPZ_H_
#define PROPNP_IO_NPZ_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "propnp/io/status.h"
#include "propnp/io/zip_records.h"

namespace propnp::io {

// The type of an array's elements.
struct NpyType {
  std::string description;  // as NumPy spells it: "<f8"
  size_t bytes = 0;         // of one element
};
NpyType NpyFloat64();
NpyType NpyInt32();
// Text of at most `characters` code points, NumPy's '<U'; see NpyText().
NpyType NpyUnicode(size_t characters);

// UTF-8 text as the bytes of one element of NpyUnicode(characters): UTF-32, filled up with zeros,
// which NumPy drops. Text that is longer is cut. What is not UTF-8 becomes U+FFFD.
std::string NpyText(const std::string& text, size_t characters);
// Code points of UTF-8 text.
size_t CountCharacters(const std::string& text);

struct NpzOptions {
  // Sizes and offsets from here on are written as ZIP64. Smaller for tests.
  uint64_t zip64_limit = kZip64Limit;
};

// Create(), AddArray() for each array, Append() until all are full, Finish(). Not atomic: write
// into a StagedFolder. After an error the file is of no use.
class NpzWriter {
 public:
  static Result<NpzWriter> Create(const std::string& path, NpzOptions options = {});

  NpzWriter(NpzWriter&& other) noexcept;
  NpzWriter& operator=(NpzWriter&& other) noexcept;
  ~NpzWriter();

  // Reserves room for an array in row-major order and returns its number. `name` is what NumPy
  // finds it by: letters, digits and underscores, unlike the others'.
  Result<size_t> AddArray(const std::string& name, const NpyType& type,
                          const std::vector<int64_t>& shape);

  // The next bytes of array number `array`; refuses more than it has room for.
  Status Append(size_t array, const void* bytes, size_t size);

  // Refuses arrays that are not full.
  Status Finish();

 private:
  struct Entry {
    ZipEntry zip;             // its CRC is that of what is written
    uint64_t data_begin = 0;  // where the .npy file begins
    uint64_t written = 0;     // of it
  };

  NpzWriter() = default;
  void Close();
  Status WriteAt(uint64_t offset, const void* bytes, size_t size);

  std::string path_;
  int fd_ = -1;
  NpzOptions options_;
  std::vector<Entry> entries_;
  uint64_t end_ = 0;  // of what is reserved
};

}  // namespace propnp::io

#endif  // PROPNP_IO_NPZ_H_
