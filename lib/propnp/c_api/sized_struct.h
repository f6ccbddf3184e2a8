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
#include "propnp/engine/gradient_args.h"
#include "propnp/engine/options.h"
#include "propnp/engine/sample_posterior.h"
#include "propnp/engine/status.h"

namespace propnp::c_api {

struct ContextOptions : propnp_context_options {
  ContextOptions() : propnp_context_options{} { struct_size = sizeof(propnp_context_options); }
};

// Copies what the caller knows of a struct over the defaults in `*current`.
template <typename Struct, typename WithDefaults>
Status ReadSized(const char* name, const Struct* given, WithDefaults* current) {
  static_assert(kFirstSize<Struct> > 0 && kFirstSize<Struct> <= sizeof(Struct));
  const uint64_t size = given->struct_size;
  if (size < kFirstSize<Struct>) {
    return Status::InvalidArgument(std::string(name) + ".struct_size is " + std::to_string(size) +
                                   ", expected at least " + std::to_string(kFirstSize<Struct>) +
                                   "; was the struct initialised?");
  }
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
  if (!target) return Status::InvalidArgument(std::string(name) + " is null");
  if (size < kFirstSize<Struct>) {
    return Status::InvalidArgument(std::string(name) + ": struct_size is " + std::to_string(size) +
                                   ", expected at least " + std::to_string(kFirstSize<Struct>));
  }
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
