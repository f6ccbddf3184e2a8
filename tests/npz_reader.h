// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reads .npz archives with stored entries, strictly and independently of the writer: the directory
// from the archive's end, every local header against it, every checksum bit by bit.
#ifndef PROPNP_TESTS_NPZ_READER_H_
#define PROPNP_TESTS_NPZ_READER_H_

#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace propnp::test {

struct NpyArray {
  std::string descr;
  std::vector<int64_t> shape;
  std::string bytes;

  template <typename T>
  std::vector<T> As() const {
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
  }
  // The texts of a '<U' array, ASCII only.
  std::vector<std::string> Texts() const {
    const size_t width = std::stoul(descr.substr(2));
    const auto codes = As<uint32_t>();
    std::vector<std::string> texts(width == 0 ? 0 : codes.size() / width);
    for (size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] != 0) texts[i / width] += static_cast<char>(codes[i]);
    }
    return texts;
  }
};

class NpzReader {
 public:
  // Throws std::runtime_error on whatever is not as it should be.
  explicit NpzReader(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    file_ = text.str();
    ReadDirectory();
  }

  const NpyArray& operator[](const std::string& name) const { return arrays_.at(name); }
  size_t size() const { return arrays_.size(); }
  bool uses_zip64() const { return uses_zip64_; }

 private:
  struct Directory {
    uint64_t count, size, begin;
  };

  template <typename T>
  T At(uint64_t offset) const {
    Check(offset <= file_.size() && sizeof(T) <= file_.size() - offset, "truncated");
    T value;
    std::memcpy(&value, file_.data() + offset, sizeof(T));
    return value;
  }
  std::string Text(uint64_t offset, uint64_t size) const {
    Check(offset <= file_.size() && size <= file_.size() - offset, "truncated");
    return file_.substr(offset, size);
  }
  static void Check(bool condition, const std::string& what) {
    if (!condition) throw std::runtime_error("npz: " + what);
  }

  Directory FindDirectory() {
    Check(file_.size() >= 22, "too short");
    const uint64_t end = file_.size() - 22;
    Check(At<uint32_t>(end) == 0x06054b50, "no end of directory");
    Directory directory = {At<uint16_t>(end + 10), At<uint32_t>(end + 12), At<uint32_t>(end + 16)};
    uint64_t next = end;
    if (directory.begin == 0xFFFFFFFF) {
      uses_zip64_ = true;
      Check(directory.count == 0xFFFF && directory.size == 0xFFFFFFFF, "half a ZIP64 archive");
      Check(At<uint32_t>(end - 20) == 0x07064b50, "no locator");
      next = At<uint64_t>(end - 20 + 8);
      Check(At<uint32_t>(next) == 0x06064b50, "no ZIP64 record");
      Check(At<uint64_t>(next + 4) == 44 && next + 56 == end - 20, "size of the ZIP64 record");
      directory = {At<uint64_t>(next + 32), At<uint64_t>(next + 40), At<uint64_t>(next + 48)};
    }
    Check(directory.begin + directory.size == next, "the directory's end");
    return directory;
  }

  void ReadDirectory() {
    const Directory directory = FindDirectory();
    uint64_t at = directory.begin, next_local = 0;
    for (uint64_t i = 0; i < directory.count; ++i) {
      Check(At<uint32_t>(at) == 0x02014b50, "no central header");
      Check(At<uint16_t>(at + 8) == 0 && At<uint16_t>(at + 10) == 0, "flags or method");
      const uint32_t crc = At<uint32_t>(at + 16);
      Check(At<uint32_t>(at + 20) == At<uint32_t>(at + 24), "stored, yet of two sizes");
      uint64_t size = At<uint32_t>(at + 20), offset = At<uint32_t>(at + 42);
      const uint16_t name_size = At<uint16_t>(at + 28), extra_size = At<uint16_t>(at + 30);
      Check(At<uint16_t>(at + 32) == 0, "comment");
      const std::string name = Text(at + 46, name_size);
      uint64_t extra = at + 46 + name_size;
      if (extra_size > 0) Check(At<uint16_t>(extra) == 1, "unknown extra field");
      extra += 4;
      if (size == 0xFFFFFFFF) {
        size = At<uint64_t>(extra);
        Check(At<uint64_t>(extra + 8) == size, "two ZIP64 sizes");
        extra += 16;
      }
      if (offset == 0xFFFFFFFF) offset = At<uint64_t>(extra);
      Check(offset == next_local, "a gap between the entries");
      next_local = ReadEntry(name, offset, size, crc);
      at += 46 + name_size + extra_size;
    }
    Check(at == directory.begin + directory.size, "the directory's size");
    Check(next_local == directory.begin, "a gap before the directory");
  }

  // Returns where the entry ends.
  uint64_t ReadEntry(const std::string& name, uint64_t offset, uint64_t size, uint32_t crc) {
    Check(At<uint32_t>(offset) == 0x04034b50, "no local header");
    Check(At<uint32_t>(offset + 14) == crc, "two checksums");
    uint64_t local_size = At<uint32_t>(offset + 18);
    const uint16_t name_size = At<uint16_t>(offset + 26), extra_size = At<uint16_t>(offset + 28);
    if (local_size == 0xFFFFFFFF) {
      uses_zip64_ = true;
      local_size = At<uint64_t>(offset + 30 + name_size + 4);
      Check(At<uint16_t>(offset + 4) == 45 && extra_size == 20, "ZIP64 fields");
    }
    Check(local_size == size, "two sizes");
    Check(Text(offset + 30, name_size) == name, "two names");
    const uint64_t begin = offset + 30 + name_size + extra_size;
    const std::string contents = Text(begin, size);
    Check(SlowCrc(contents) == crc, "checksum of " + name);
    Check(name.size() > 4 && name.substr(name.size() - 4) == ".npy", "name " + name);
    const bool is_new = arrays_.emplace(name.substr(0, name.size() - 4), ParseNpy(contents)).second;
    Check(is_new, "an array twice");
    return begin + size;
  }

  // The definition: division of polynomials, one bit at a time.
  static uint32_t SlowCrc(const std::string& bytes) {
    uint32_t crc = 0xFFFFFFFF;
    for (const char byte : bytes) {
      crc ^= static_cast<unsigned char>(byte);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
    }
    return ~crc;
  }

  static std::string Between(const std::string& text, const std::string& left,
                             const std::string& right) {
    const size_t begin = text.find(left);
    Check(begin != std::string::npos, "no " + left);
    const size_t end = text.find(right, begin + left.size());
    Check(end != std::string::npos, "no " + right);
    return text.substr(begin + left.size(), end - begin - left.size());
  }

  static NpyArray ParseNpy(const std::string& contents) {
    Check(contents.compare(0, 8, std::string("\x93NUMPY\x01\x00", 8)) == 0, "magic");
    uint16_t length;
    std::memcpy(&length, contents.data() + 8, 2);
    Check((10 + length) % 64 == 0 && contents.size() >= 10u + length, "length of the header");
    const std::string header = contents.substr(10, length);
    Check(header.back() == '\n', "end of the header");
    NpyArray array;
    array.descr = Between(header, "'descr': '", "'");
    Check(Between(header, "'fortran_order': ", ",") == "False", "order");
    std::istringstream shape(Between(header, "'shape': (", ")"));
    size_t count = 1;
    for (std::string extent; std::getline(shape, extent, ',');) {
      array.shape.push_back(std::stoll(extent));
      count *= static_cast<size_t>(array.shape.back());
    }
    const size_t item = std::stoul(array.descr.substr(2)) * (array.descr[1] == 'U' ? 4 : 1);
    array.bytes = contents.substr(10 + length);
    Check(array.bytes.size() == count * item, "size of the numbers");
    return array;
  }

  std::string file_;
  std::map<std::string, NpyArray> arrays_;
  bool uses_zip64_ = false;
};

}  // namespace propnp::test

#endif  // PROPNP_TESTS_NPZ_READER_H_
