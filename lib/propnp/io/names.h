// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Names that come from files: what may be printed, and what may become part of a path.
#ifndef PROPNP_IO_NAMES_H_
#define PROPNP_IO_NAMES_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace propnp::io {

// Length of the well-formed UTF-8 sequence (RFC 3629) at the start of `text`, which is not empty; 0
// when there is none.
size_t Utf8SequenceLength(std::string_view text);

// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool IsUtf8(std::string_view text);

// Null, or why `name` cannot be the name of an image below an image folder: it must be UTF-8
// without control characters, relative, and must not climb out of the folder by "..".
const char* ImageNameProblem(std::string_view name);

// Null, or why `id` cannot identify an object: empty, not UTF-8 or with control characters.
const char* IdProblem(std::string_view id);

// `text` in single quotes for a message: shortened, unprintable bytes as \xNN.
std::string Quoted(std::string_view text);

}  // namespace propnp::io

#endif  // PROPNP_IO_NAMES_H_
