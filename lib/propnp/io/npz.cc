// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/npz.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "propnp/io/byte_reader.h"
#include "propnp/io/crc32.h"
#include "propnp/io/names.h"
#include "propnp/io/zip_records.h"

namespace propnp::io {
namespace {

constexpr size_t kNpyAlignment = 64;
constexpr uint64_t kLargestFile = std::numeric_limits<int64_t>::max();

Status SystemError(const std::string& path, const char* what) {
  return Status::Error(path + ": cannot " + what + ": " + std::strerror(errno));
}

bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// False if the product, or the file that it would make, is beyond what a file can be.
bool ByteCount(const NpyType& type, const std::vector<int64_t>& shape, uint64_t* bytes) {
  *bytes = type.bytes;
  for (const int64_t extent : shape) {
    if (extent < 0) return false;
    const auto factor = static_cast<uint64_t>(extent);
    if (factor > 0 && *bytes > kLargestFile / 2 / factor) return false;
    *bytes *= factor;
  }
  return true;
}

// What is before the numbers of a .npy file.
std::string NpyHeader(const NpyType& type, const std::vector<int64_t>& shape) {
  std::string dictionary =
      "{'descr': '" + type.description + "', 'fortran_order': False, 'shape': (";
  for (const int64_t extent : shape) dictionary += std::to_string(extent) + ", ";
  // "(2, 3, )" is no tuple for every parser, "(2,)" and "(2, 3)" are.
  if (!shape.empty()) dictionary.resize(dictionary.size() - (shape.size() == 1 ? 1 : 2));
  dictionary += "), }";
  constexpr size_t kMagicAndLength = 10;
  while ((kMagicAndLength + dictionary.size() + 1) % kNpyAlignment != 0) dictionary += ' ';
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  AppendBytes(static_cast<uint16_t>(dictionary.size()), &header);
  return header + dictionary;
}

// One code point from the front of `text`, which is not empty.
uint32_t TakeCodePoint(std::string_view* text) {
  const size_t length = std::max<size_t>(Utf8SequenceLength(*text), 1);
  uint32_t code = static_cast<unsigned char>((*text)[0]);
  if (length == 1 && code >= 0x80) code = 0xFFFD;
  if (length > 1) code &= 0xFFu >> (length + 1);
  for (size_t i = 1; i < length; ++i) {
    code = (code << 6) | (static_cast<unsigned char>((*text)[i]) & 0x3F);
  }
  text->remove_prefix(length);
  return code;
}

}  // namespace

NpyType NpyFloat64() { return {"<f8", 8}; }
NpyType NpyInt32() { return {"<i4", 4}; }
NpyType NpyUnicode(size_t characters) {
  return {"<U" + std::to_string(characters), 4 * characters};
}

std::string NpyText(const std::string& text, size_t characters) {
  std::string bytes;
  std::string_view rest = text;
  for (size_t i = 0; i < characters; ++i) {
    AppendBytes(rest.empty() ? uint32_t{0} : TakeCodePoint(&rest), &bytes);
  }
  return bytes;
}

size_t CountCharacters(const std::string& text) {
  size_t count = 0;
  for (std::string_view rest = text; !rest.empty(); ++count) TakeCodePoint(&rest);
  return count;
}

Result<NpzWriter> NpzWriter::Create(const std::string& path, NpzOptions options) {
  NpzWriter writer;
  writer.path_ = path;
  writer.options_ = options;
  writer.fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (writer.fd_ < 0) return SystemError(path, "create");
  return writer;
}

Result<size_t> NpzWriter::AddArray(const std::string& name, const NpyType& type,
                                   const std::vector<int64_t>& shape) {
  const std::string file = name + ".npy";
  const bool is_taken = std::any_of(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry) { return entry.zip.name == file; });
  if (!IsName(name) || is_taken) {
    return Status::Error(path_ + ": array " + Quoted(name) +
                         (is_taken ? " is there twice" : " needs a name of letters and digits"));
  }
  uint64_t bytes = 0;
  if (!ByteCount(type, shape, &bytes)) {
    return Status::Error(path_ + ": array " + Quoted(name) + " is too large for a file");
  }
  const std::string header = NpyHeader(type, shape);
  Entry entry;
  entry.zip.name = file;
  entry.zip.offset = end_;
  entry.zip.size = header.size() + bytes;
  entry.data_begin = end_ + ZipLocalHeader(entry.zip, options_.zip64_limit).size();
  if (entry.zip.size > kLargestFile - entry.data_begin) {
    return Status::Error(path_ + ": array " + Quoted(name) + " is too large for a file");
  }
  end_ = entry.data_begin + entry.zip.size;
  entries_.push_back(entry);
  const size_t array = entries_.size() - 1;
  if (Status status = Append(array, header.data(), header.size()); !status.ok()) return status;
  return array;
}

Status NpzWriter::Append(size_t array, const void* bytes, size_t size) {
  if (array >= entries_.size()) return Status::Error(path_ + ": no such array");
  Entry& entry = entries_[array];
  if (size > entry.zip.size - entry.written) {
    return Status::Error(path_ + ": " + entry.zip.name + " is given more than its shape holds");
  }
  Status status = WriteAt(entry.data_begin + entry.written, bytes, size);
  if (!status.ok()) return status;
  entry.zip.crc = Crc32(entry.zip.crc, bytes, size);
  entry.written += size;
  return {};
}

Status NpzWriter::Finish() {
  std::string directory;
  for (const Entry& entry : entries_) {
    if (entry.written != entry.zip.size) {
      return Status::Error(path_ + ": " + entry.zip.name + " lacks " +
                           std::to_string(entry.zip.size - entry.written) + " bytes");
    }
    const std::string header = ZipLocalHeader(entry.zip, options_.zip64_limit);
    if (Status status = WriteAt(entry.zip.offset, header.data(), header.size()); !status.ok()) {
      return status;
    }
    directory += ZipCentralHeader(entry.zip, options_.zip64_limit);
  }
  directory += ZipEndOfDirectory(entries_.size(), end_, directory.size(), options_.zip64_limit);
  if (Status status = WriteAt(end_, directory.data(), directory.size()); !status.ok()) {
    return status;
  }
  if (close(std::exchange(fd_, -1)) != 0) return SystemError(path_, "write");
  return {};
}

Status NpzWriter::WriteAt(uint64_t offset, const void* bytes, size_t size) {
  if (fd_ < 0) return Status::Error(path_ + ": was finished already");
  const char* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t put = pwrite(fd_, next, size, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return SystemError(path_, "write");
    next += put;
    size -= static_cast<size_t>(put);
    offset += static_cast<uint64_t>(put);
  }
  return {};
}

void NpzWriter::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

NpzWriter::NpzWriter(NpzWriter&& other) noexcept { *this = std::move(other); }

NpzWriter& NpzWriter::operator=(NpzWriter&& other) noexcept {
  if (this == &other) return *this;
  Close();
  path_ = std::move(other.path_);
  fd_ = std::exchange(other.fd_, -1);
  options_ = other.options_;
  entries_ = std::move(other.entries_);
  end_ = other.end_;
  return *this;
}

NpzWriter::~NpzWriter() { Close(); }

}  // namespace propnp::io
