// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Output that is there as a whole or not at all: it is made in a hidden folder beside the target,
// brought to the disk, and put in place by one rename. A program killed at any moment leaves either
// the old folder or the new one, whole.
#ifndef PROPNP_IO_STAGED_OUTPUT_H_
#define PROPNP_IO_STAGED_OUTPUT_H_

#include <string>
#include <string_view>

#include "propnp/io/status.h"

namespace propnp::io {

struct StagedFolderOptions {
  // False: act as on a file system that cannot exchange two names (see Commit). For tests.
  bool use_exchange = true;
};

// Fill path(), then Commit(). Without Commit() the destructor throws the work away.
//
// What is committed holds a list of its files, ".propnp-output". Only a folder that is empty, or
// that holds nothing but the files of its list, is ever replaced: nobody loses what is their own by
// a mistyped target.
class StagedFolder {
 public:
  // Makes the missing folders above `target` and an empty folder beside it. Refuses a target that
  // must not be replaced. Removes what earlier, killed runs with the same target left behind; those
  // that still run hold a lock on theirs.
  static Result<StagedFolder> Create(const std::string& target, StagedFolderOptions options = {});

  StagedFolder(StagedFolder&& other) noexcept;
  StagedFolder& operator=(StagedFolder&& other) noexcept;
  ~StagedFolder();

  // The folder to write into. It is on the target's file system.
  const std::string& path() const { return staging_; }
  const std::string& target() const { return target_; }

  // Flushes every file to the disk and puts the folder in the target's place. An existing folder is
  // exchanged with the new one in one step (renameat2, Linux). Where the file system cannot do that
  // (some network ones), the old folder is first renamed to ".<name>.previous"; a kill between the
  // two renames leaves it, whole, under that name, and the next Create() puts it back.
  Status Commit();

 private:
  StagedFolder() = default;
  void Discard();

  std::string target_;
  std::string staging_;  // empty when there is nothing to discard
  int lock_ = -1;        // descriptor of the staging folder, locked while it is being filled
  StagedFolderOptions options_;
};

// The same for one file: `path` holds either what it held or `contents`.
Status WriteFileAtomically(const std::string& path, std::string_view contents);

}  // namespace propnp::io

#endif  // PROPNP_IO_STAGED_OUTPUT_H_
