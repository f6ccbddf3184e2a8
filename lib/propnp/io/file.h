// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Whole files in and out, with errors as values.
#ifndef PROPNP_IO_FILE_H_
#define PROPNP_IO_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "propnp/io/status.h"

namespace propnp::io {

// The bytes of a regular file, at most `max_bytes` of them. Refuses folders, devices and pipes,
// whose end nobody knows.
Result<std::string> ReadFile(const std::string& path, size_t max_bytes = SIZE_MAX);

// Creates or overwrites `path`. Not atomic: write into a StagedFolder, or use WriteFileAtomically.
Status WriteFile(const std::string& path, std::string_view contents);

// Adds to the end of `path`, which need not exist.
Status AppendFile(const std::string& path, std::string_view contents);

bool IsFile(const std::string& path);
bool IsFolder(const std::string& path);

// "folder/name", or `name` when `folder` is empty.
std::string JoinPath(const std::string& folder, const std::string& name);

}  // namespace propnp::io

#endif  // PROPNP_IO_FILE_H_
