// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Structs whose size the caller states, because the caller may have been built against another
// version of the header: read into, and written from, this library's own.
#ifndef PROPNP_C_API_SIZED_STRUCT_H_
#define PROPNP_C_API_SIZED_STRUCT_H_

#include <algorithm>
#include <cstring>
#include <string>

#include "propnp/c_api/first_sizes.h"
#include "propnp/c_api/propnp.h"
#include "propnp/engine/status.h"

namespace propnp::c_api {

// No struct will ever be larger; what says so was never initialised.
constexpr uint64_t kLargestSize = 65536;

template <typename Struct>
Status CheckSize(const char* name, uint64_t size) {
  static_assert(kFirstSize<Struct> > 0 && kFirstSize<Struct> <= sizeof(Struct));
  static_assert(sizeof(Struct) <= kLargestSize);
  if (size >= kFirstSize<Struct> && size <= kLargestSize) return Status();
  return Status::InvalidArgument(std::string(name) + ".struct_size is " + std::to_string(size) +
                                 ", expected " + std::to_string(kFirstSize<Struct>) + " to " +
                                 std::to_string(kLargestSize) + "; was the struct initialised?");
}

template <typename Struct>
Status CheckPointer(const char* name, const Struct* pointer) {
  if (!pointer) return Status::InvalidArgument(std::string(name) + " is null");
  if (reinterpret_cast<uintptr_t>(pointer) % alignof(Struct) == 0) return Status();
  return Status::InvalidArgument(std::string(name) + " is not aligned to " +
                                 std::to_string(alignof(Struct)) + " bytes");
}

// Copies what the caller knows of a struct over the defaults in `*current`.
template <typename Struct, typename WithDefaults>
Status ReadSized(const char* name, const Struct* given, WithDefaults* current) {
  PROPNP_RETURN_IF_ERROR(CheckPointer(name, given));
  const uint64_t size = given->struct_size;
  PROPNP_RETURN_IF_ERROR(CheckSize<Struct>(name, size));
  const char* const bytes = reinterpret_cast<const char*>(given);
  const auto is_set = [](char byte) { return byte != 0; };
  if (size > sizeof(Struct) && std::any_of(bytes + sizeof(Struct), bytes + size, is_set)) {
    return Status::InvalidArgument(
        std::string(name) + " of " + std::to_string(size) + " bytes sets fields beyond the " +
        std::to_string(sizeof(Struct)) + " that this library knows; it is older than its caller");
  }
  std::memcpy(static_cast<Struct*>(current), given, std::min<uint64_t>(size, sizeof(Struct)));
  current->struct_size = sizeof(Struct);
  return Status();
}

// Writes defaults into the caller's struct of `size` bytes, zeros into what is unknown here.
template <typename WithDefaults, typename Struct>
Status InitSized(const char* name, Struct* target, uint64_t size) {
  PROPNP_RETURN_IF_ERROR(CheckPointer(name, target));
  PROPNP_RETURN_IF_ERROR(CheckSize<Struct>(name, size));
  const WithDefaults defaults;
  const Struct& current = defaults;
  const uint64_t known = std::min<uint64_t>(size, sizeof(Struct));
  std::memcpy(target, &current, known);
  std::memset(reinterpret_cast<char*>(target) + known, 0, size - known);
  target->struct_size = size;
  return Status();
}

}  // namespace propnp::c_api

#endif  // PROPNP_C_API_SIZED_STRUCT_H_
