// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The context behind the C ABI, and the frame in which every call on it runs.
#ifndef PROPNP_C_API_CONTEXT_H_
#define PROPNP_C_API_CONTEXT_H_

#include <unistd.h>

#include <atomic>
#include <exception>
#include <new>
#include <string>

#include "propnp/c_api/propnp.h"
#include "propnp/engine/context.h"
#include "propnp/engine/status.h"

struct propnp_context {
  explicit propnp_context(const propnp_context_options& options) : engine(options) {}

  propnp::Context engine;
  std::atomic<pid_t> serving_process{0};  // 0: no call is being served
  std::string error;
};

namespace propnp::c_api {

// Leaves the message of a failed call with the context (which may be null), its log and the thread;
// returns `code`.
int32_t Report(propnp_context* context, int32_t code, const char* message) noexcept;

// The code of a status, reported if it is not ok.
inline int32_t Report(propnp_context* context, const Status& status) noexcept {
  if (status.ok()) return PROPNP_OK;
  return Report(context, static_cast<int32_t>(status.code()), status.message().c_str());
}

// The code of call() -> Status, reported if it failed or threw.
template <typename Call>
int32_t ReportCall(propnp_context* context, const Call& call) noexcept {
  try {
    return Report(context, call());
  } catch (const std::bad_alloc&) {
    return Report(context, PROPNP_ERROR_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return Report(context, PROPNP_ERROR_INTERNAL, error.what());
  } catch (...) {
    return Report(context, PROPNP_ERROR_INTERNAL, "unknown exception");
  }
}

// Whether this call may have the context; after a fork, a call that the parent was making then is
// none of the child's.
inline bool Enter(propnp_context* context) noexcept {
  const pid_t process = getpid();
  pid_t serving = 0;
  while (!context->serving_process.compare_exchange_weak(serving, process,
                                                         std::memory_order_acquire)) {
    if (serving == process) return false;
  }
  return true;
}

// Runs call() -> Status with no other call on the context and lets no exception out.
template <typename Call>
int32_t Guard(propnp_context* context, const Call& call) noexcept {
  if (!context) return Report(nullptr, PROPNP_ERROR_INVALID_ARGUMENT, "context is null");
  if (!Enter(context)) {
    return Report(nullptr, PROPNP_ERROR_BUSY,
                  "context is serving another call; make one context a thread");
  }
  const int32_t code = ReportCall(context, call);
  context->serving_process.store(0, std::memory_order_release);
  return code;
}

}  // namespace propnp::c_api

#endif  // PROPNP_C_API_CONTEXT_H_
