// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/staged_output.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>
#include <vector>

#include "propnp/io/file.h"

namespace propnp::io {
namespace {

namespace fs = std::filesystem;

constexpr char kManifest[] = ".propnp-output";
constexpr int kMaxAttempts = 100;

Status SystemError(const std::string& path, const std::string& what, int error) {
  return Status::Error(path + ": cannot " + what + ": " + std::strerror(error));
}

// Absolute, without links, without a slash at its end: renaming acts on what the user means.
Result<std::string> Canonical(const std::string& path) {
  std::error_code error;
  fs::path canonical = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) return Status::Error(path + ": " + error.message());
  if (!canonical.has_filename()) canonical = canonical.parent_path();
  if (!canonical.has_filename()) return Status::Error(path + ": is no name for an output");
  return canonical.string();
}

std::string ParentOf(const std::string& path) { return fs::path(path).parent_path().string(); }

// "<parent>/.<name>.<suffix>"
std::string Sibling(const std::string& path, const std::string& suffix) {
  return JoinPath(ParentOf(path), "." + fs::path(path).filename().string() + "." + suffix);
}

Status MakeParent(const std::string& path) {
  std::error_code error;
  fs::create_directories(ParentOf(path), error);
  return error ? Status::Error(ParentOf(path) + ": cannot create: " + error.message()) : Status();
}

// A descriptor that holds an exclusive lock on `path`, or -1: somebody else has it, or it is gone.
int Lock(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return -1;
  struct stat facts;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &facts) == 0 && facts.st_nlink > 0) return fd;
  close(fd);
  return -1;
}

// Removes staging folders and files of this target whose makers are dead: nobody holds their lock.
void RemoveAbandoned(const std::string& target) {
  const std::string prefix = fs::path(Sibling(target, "staging-")).filename().string();
  std::error_code error;
  std::vector<std::string> found;
  for (fs::directory_iterator entry(ParentOf(target), error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.compare(0, prefix.size(), prefix) == 0) found.push_back(entry->path().string());
  }
  for (const std::string& path : found) {
    const int lock = Lock(path);
    if (lock < 0) continue;
    fs::remove_all(path, error);
    close(lock);
  }
}

// After a kill between the two renames of ReplaceInTwoSteps.
void RestorePrevious(const std::string& target) {
  const std::string previous = Sibling(target, "previous");
  std::error_code error;
  if (!fs::exists(previous, error)) return;
  if (fs::exists(target, error)) {
    fs::remove_all(previous, error);
  } else {
    fs::rename(previous, target, error);
  }
}

std::string RandomSuffix() {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::random_device random;
  std::string suffix = "staging-";
  for (int i = 0; i < 8; ++i) suffix += kDigits[random() % (sizeof(kDigits) - 1)];
  return suffix;
}

// Calls visit(file) for every file below `folder`, relative to it, until it returns false.
template <typename Visitor>
Status VisitFiles(const std::string& folder, const Visitor& visit) {
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error) && !entry->is_symlink(error)) continue;
    if (!visit(entry->path().lexically_relative(folder).generic_string())) return {};
  }
  if (error) return Status::Error(folder + ": cannot list: " + error.message());
  return {};
}

// The lines of the list, with the list itself.
std::vector<std::string> ReadManifest(const std::string& folder) {
  const Result<std::string> text = ReadFile(JoinPath(folder, kManifest));
  std::vector<std::string> names;
  if (!text.ok()) return names;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    names.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  names.push_back(kManifest);
  std::sort(names.begin(), names.end());
  return names;
}

Status WriteManifest(const std::string& folder) {
  std::vector<std::string> files;
  const Status listed = VisitFiles(folder, [&](const std::string& file) {
    files.push_back(file);
    return true;
  });
  if (!listed.ok()) return listed;
  std::sort(files.begin(), files.end());
  std::string text;
  for (const std::string& file : files) text += file + "\n";
  return WriteFile(JoinPath(folder, kManifest), text);
}

Status CheckReplaceable(const std::string& target) {
  struct stat facts;
  if (lstat(target.c_str(), &facts) != 0) return {};
  if (!S_ISDIR(facts.st_mode)) return Status::Error(target + ": exists and is not a folder");
  // The first foreign file is enough: the target may be somebody's whole disk.
  const std::vector<std::string> ours = ReadManifest(target);
  std::string foreign;
  const Status listed = VisitFiles(target, [&](const std::string& file) {
    if (!std::binary_search(ours.begin(), ours.end(), file)) foreign = file;
    return foreign.empty();
  });
  if (!listed.ok() || foreign.empty()) return listed;
  return Status::Error(target + ": not replaced: it holds " + foreign +
                       ", which propnp did not write; choose another folder, or remove this one");
}

Status Flush(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return SystemError(path, "open", errno);
  const bool flushed = fsync(fd) == 0 || errno == EINVAL;  // EINVAL: a file system without it
  const int error = errno;
  close(fd);
  return flushed ? Status() : SystemError(path, "flush to disk", error);
}

// Files before the folders that name them.
Status FlushTree(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> paths = {folder};
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->is_symlink(error)) paths.push_back(entry->path().string());
  }
  if (error) return Status::Error(folder + ": cannot list: " + error.message());
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    if (Status status = Flush(*path); !status.ok()) return status;
  }
  return {};
}

Status ReplaceInTwoSteps(const std::string& staging, const std::string& target) {
  const std::string previous = Sibling(target, "previous");
  if (std::rename(target.c_str(), previous.c_str()) != 0) {
    return SystemError(target, "move aside", errno);
  }
  if (std::rename(staging.c_str(), target.c_str()) == 0) return {};
  const int error = errno;
  std::rename(previous.c_str(), target.c_str());
  return SystemError(target, "replace", error);
}

bool CannotExchange(int error) {
  return error == EINVAL || error == ENOSYS || error == ENOTSUP || error == EOPNOTSUPP;
}

// Puts `staging` in the place of `target`; the old folder, if any, is at `staging` or at
// ".<name>.previous" then.
Status Replace(const std::string& staging, const std::string& target, bool use_exchange) {
  // Enough when there is no target, or an empty folder.
  if (std::rename(staging.c_str(), target.c_str()) == 0) return {};
  if (errno != ENOTEMPTY && errno != EEXIST) return SystemError(target, "create", errno);
#ifdef RENAME_EXCHANGE
  if (use_exchange) {
    const int result =
        renameat2(AT_FDCWD, staging.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE);
    if (result == 0) return {};
    if (!CannotExchange(errno)) return SystemError(target, "replace", errno);
  }
#endif
  return ReplaceInTwoSteps(staging, target);
}

}  // namespace

Result<StagedFolder> StagedFolder::Create(const std::string& target, StagedFolderOptions options) {
  Result<std::string> canonical = Canonical(target);
  if (!canonical.ok()) return canonical.status();
  StagedFolder folder;
  folder.target_ = *canonical;
  folder.options_ = options;
  if (Status status = MakeParent(folder.target_); !status.ok()) return status;
  RestorePrevious(folder.target_);
  RemoveAbandoned(folder.target_);
  if (Status status = CheckReplaceable(folder.target_); !status.ok()) return status;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const std::string staging = Sibling(folder.target_, RandomSuffix());
    if (mkdir(staging.c_str(), 0777) != 0) {
      if (errno == EEXIST) continue;
      return SystemError(staging, "create", errno);
    }
    // Another program may have taken the new folder for an abandoned one before it was locked.
    folder.lock_ = Lock(staging);
    if (folder.lock_ < 0) continue;
    folder.staging_ = staging;
    return folder;
  }
  return Status::Error(folder.target_ + ": cannot create a staging folder beside it");
}

Status StagedFolder::Commit() {
  if (staging_.empty()) return Status::Error(target_ + ": was committed already");
  if (Status status = WriteManifest(staging_); !status.ok()) return status;
  if (Status status = FlushTree(staging_); !status.ok()) return status;
  if (Status status = CheckReplaceable(target_); !status.ok()) return status;
  if (Status status = Replace(staging_, target_, options_.use_exchange); !status.ok())
    return status;
  Status flushed = Flush(ParentOf(target_));
  Discard();  // the old folder, where there was one
  std::error_code ignored;
  fs::remove_all(Sibling(target_, "previous"), ignored);
  return flushed;
}

void StagedFolder::Discard() {
  std::error_code ignored;
  if (!staging_.empty()) fs::remove_all(staging_, ignored);
  staging_.clear();
  if (lock_ >= 0) close(lock_);
  lock_ = -1;
}

StagedFolder::StagedFolder(StagedFolder&& other) noexcept { *this = std::move(other); }

StagedFolder& StagedFolder::operator=(StagedFolder&& other) noexcept {
  if (this == &other) return *this;
  Discard();
  target_ = std::move(other.target_);
  staging_ = std::exchange(other.staging_, "");
  lock_ = std::exchange(other.lock_, -1);
  options_ = other.options_;
  return *this;
}

StagedFolder::~StagedFolder() { Discard(); }

Status WriteFileAtomically(const std::string& path, std::string_view contents) {
  if (IsFolder(path)) return Status::Error(path + ": exists and is a folder");
  // A pipe or a device, such as /dev/stdout, is written to and never replaced.
  struct stat facts;
  if (stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode)) return WriteFile(path, contents);
  Result<std::string> target = Canonical(path);
  if (!target.ok()) return target.status();
  if (Status status = MakeParent(*target); !status.ok()) return status;
  RemoveAbandoned(*target);
  const std::string staging = Sibling(*target, RandomSuffix());
  Status status = WriteFile(staging, contents);
  if (status.ok()) status = Flush(staging);
  if (status.ok() && std::rename(staging.c_str(), target->c_str()) != 0) {
    status = SystemError(path, "create", errno);
  }
  if (!status.ok()) {
    unlink(staging.c_str());
    return status;
  }
  return Flush(ParentOf(*target));
}

}  // namespace propnp::io
