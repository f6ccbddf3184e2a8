// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>

namespace propnp::io {
namespace {

Status SystemError(const std::string& path, const char* what) {
  return Status::Error(path + ": cannot " + what + ": " + std::strerror(errno));
}

// Closes on every way out; Close() tells whether the last write reached the file.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  bool Close() {
    const int fd = fd_;
    fd_ = -1;
    return close(fd) == 0;
  }

 private:
  int fd_;
};

bool Allocate(size_t size, std::string* contents) {
  try {
    contents->resize(size);
  } catch (const std::bad_alloc&) {
    return false;
  } catch (const std::length_error&) {
    return false;
  }
  return true;
}

// `mode` is O_TRUNC or O_APPEND.
Status Write(const std::string& path, int mode, std::string_view contents) {
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | mode | O_CLOEXEC, 0666));
  if (file.get() < 0) return SystemError(path, "create");
  while (!contents.empty()) {
    const ssize_t put = write(file.get(), contents.data(), contents.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return SystemError(path, "write");
    contents.remove_prefix(static_cast<size_t>(put));
  }
  if (!file.Close()) return SystemError(path, "write");
  return {};
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  // O_NONBLOCK: opening a pipe must not wait for its writer; a regular file does not care.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return SystemError(path, "open");
  struct stat facts;
  if (fstat(file.get(), &facts) != 0) return SystemError(path, "stat");
  if (!S_ISREG(facts.st_mode)) return Status::Error(path + ": not a regular file");
  std::string contents;
  if (!Allocate(std::min(static_cast<size_t>(facts.st_size), max_bytes), &contents)) {
    return Status::Error(path + ": " + std::to_string(facts.st_size) +
                         " bytes do not fit in memory");
  }
  size_t done = 0;
  while (done < contents.size()) {
    const ssize_t got = read(file.get(), &contents[done], contents.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(path, "read");
    if (got == 0) break;  // it became shorter while being read
    done += static_cast<size_t>(got);
  }
  contents.resize(done);
  return contents;
}

Status WriteFile(const std::string& path, std::string_view contents) {
  return Write(path, O_TRUNC, contents);
}

Status AppendFile(const std::string& path, std::string_view contents) {
  return Write(path, O_APPEND, contents);
}

bool IsFile(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}

bool IsFolder(const std::string& path) {
  struct stat facts;
  return stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

std::string JoinPath(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

}  // namespace propnp::io
