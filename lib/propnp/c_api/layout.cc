// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Where the fields of the ABI's structs lie, as text. A test compares it with the headers and with
// the first version's.
#include <cstddef>
#include <string>

#include "propnp/c_api/propnp.h"

namespace propnp::c_api {
namespace {

template <typename Struct, typename Member>
constexpr size_t SizeOf(Member Struct::*) {
  return sizeof(Member);  // NOLINT(bugprone-sizeof-expression): of pointers, their own is meant
}

std::string Line(const char* name, size_t first, const std::string& second = "") {
  return name + (" " + std::to_string(first)) + second + "\n";
}

std::string DescribeLayout() {
  std::string text;
#define PROPNP_STRUCT(type) text += Line("struct " #type, sizeof(type));
#define PROPNP_FIELD(type, field) \
  text += Line(#type "." #field, offsetof(type, field), " " + std::to_string(SizeOf(&type::field)));
#include "propnp/c_api/layout_table.inc"
#undef PROPNP_FIELD
#undef PROPNP_STRUCT
  return text;
}

}  // namespace
}  // namespace propnp::c_api

const char* propnp_abi_layout(void) {
  static const std::string text = propnp::c_api::DescribeLayout();
  return text.c_str();
}
