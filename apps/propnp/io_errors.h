// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Errors of the library, which are values, as this program's InputError.
#ifndef PROPNP_APPS_IO_ERRORS_H_
#define PROPNP_APPS_IO_ERRORS_H_

#include <utility>

#include "apps/propnp/input_error.h"
#include "propnp/io/status.h"

namespace propnp::app {

inline void ThrowIfFailed(const io::Status& status) {
  if (!status.ok()) throw InputError(status.message());
}

template <typename T>
T ValueOrThrow(io::Result<T> result) {
  ThrowIfFailed(result.status());
  return std::move(result).value();
}

}  // namespace propnp::app

#endif  // PROPNP_APPS_IO_ERRORS_H_
