// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What every operation checks of its arguments first.
#ifndef PROPNP_ENGINE_CHECK_ARGS_H_
#define PROPNP_ENGINE_CHECK_ARGS_H_

#include <limits>
#include <string>

#include "propnp/engine/problem.h"

namespace propnp {

// The struct is of this header or a later one.
template <typename Struct>
Status CheckStructSize(const char* name, const Struct& s) {
  if (s.struct_size >= sizeof(Struct)) return Status();
  return Status::InvalidArgument(std::string(name) + ".struct_size is " +
                                 std::to_string(s.struct_size) + ", expected at least " +
                                 std::to_string(sizeof(Struct)));
}

// The struct is of this header or a later one, and names a place that this build runs on.
template <typename Args>
Status CheckArgsStruct(const char* name, const Args& args, int32_t precision) {
  PROPNP_RETURN_IF_ERROR(CheckStructSize(name, args));
  return CheckExecution(args.device, precision);
}

// The same of the operations on poses alone, which only the CPU has.
template <typename Args>
Status CheckPoseArgs(const char* name, const Args& args) {
  PROPNP_RETURN_IF_ERROR(CheckArgsStruct(name, args, 0));
  if (args.device == -1) return Status();
  return Status(StatusCode::kUnavailable,
                "device is " + std::to_string(args.device) +
                    ": operations on poses alone run on the CPU, device -1");
}

// The last extent of a tensor of poses is 7 or 4.
inline Status CheckPoseSize(const char* name, const propnp_tensor& tensor, int64_t size) {
  if (size == 7 || size == 4) return Status();
  return Status::InvalidArgument(std::string(name) + " has shape " + ShapeString(tensor) +
                                 ", expected poses of 7 or 4 numbers");
}

// The number of something that is counted in int32.
inline Status CheckCount(const char* name, const propnp_tensor& tensor, int64_t count) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  if (count <= kMost) return Status();
  return Status::InvalidArgument(std::string(name) + " has shape " + ShapeString(tensor) +
                                 ", expected at most " + std::to_string(kMost));
}

inline Status CheckSeedPointer(const uint64_t* pointer) {
  if (reinterpret_cast<uintptr_t>(pointer) % alignof(uint64_t) == 0) return Status();
  return Status::InvalidArgument("seed_pointer is not aligned to its uint64");
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_CHECK_ARGS_H_
