// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What every operation checks of its arguments first.
#ifndef PROPNP_ENGINE_CHECK_ARGS_H_
#define PROPNP_ENGINE_CHECK_ARGS_H_

#include <string>

#include "propnp/engine/problem.h"

namespace propnp {

// The struct is of this header or a later one, and names a place that this build runs on.
template <typename Args>
Status CheckArgsStruct(const char* name, const Args& args, int32_t precision) {
  if (args.struct_size < sizeof(Args)) {
    return Status::InvalidArgument(std::string(name) + ".struct_size is " +
                                   std::to_string(args.struct_size) + ", expected at least " +
                                   std::to_string(sizeof(Args)));
  }
  return CheckExecution(args.device, precision);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_CHECK_ARGS_H_
