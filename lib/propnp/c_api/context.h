// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The context behind the C ABI, and the frame in which every call on it runs.
#ifndef PROPNP_C_API_CONTEXT_H_
#define PROPNP_C_API_CONTEXT_H_

#include <atomic>
#include <exception>
#include <new>
#include <string>

#include "propnp/c_api/propnp.h"
#include "propnp/engine/context.h"
#include "propnp/engine/status.h"

struct propnp_context {
  explicit propnp_context(int num_threads) : engine(num_threads) {}

  propnp::Context engine;
  std::atomic<bool> busy{false};
  std::string error;
};

namespace propnp::c_api {

// Leaves the message of a failed call with the context (which may be null) and the thread; returns
// `code`.
int32_t Report(propnp_context* context, int32_t code, const char* message) noexcept;

// The code of a status, reported if it is not ok.
inline int32_t Report(propnp_context* context, const Status& status) noexcept {
  if (status.ok()) return PROPNP_OK;
  return Report(context, static_cast<int32_t>(status.code()), status.message().c_str());
}

// Runs call() -> Status with no other call on the context and lets no exception out.
template <typename Call>
int32_t Guard(propnp_context* context, const Call& call) noexcept {
  if (!context) return Report(nullptr, PROPNP_ERROR_INVALID_ARGUMENT, "context is null");
  if (context->busy.exchange(true, std::memory_order_acquire)) {
    return Report(nullptr, PROPNP_ERROR_BUSY,
                  "context is serving another call; make one context a thread");
  }
  int32_t code = PROPNP_ERROR_INTERNAL;
  try {
    code = Report(context, call());
  } catch (const std::bad_alloc&) {
    code = Report(context, PROPNP_ERROR_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    code = Report(context, PROPNP_ERROR_INTERNAL, error.what());
  } catch (...) {
    code = Report(context, PROPNP_ERROR_INTERNAL, "unknown exception");
  }
  context->busy.store(false, std::memory_order_release);
  return code;
}

}  // namespace propnp::c_api

#endif  // PROPNP_C_API_CONTEXT_H_
