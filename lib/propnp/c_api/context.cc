// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/c_api/context.h"

#include <cstring>

#include "propnp/c_api/sized_struct.h"

namespace propnp::c_api {
namespace {

constexpr int kMaxThreads = 4096;

// A fixed buffer, so that reporting a lack of memory needs none.
struct ThreadError {
  char message[1024] = "";
};
thread_local ThreadError thread_error;

}  // namespace

int32_t Report(propnp_context* context, int32_t code, const char* message) noexcept {
  std::strncpy(thread_error.message, message, sizeof thread_error.message - 1);
  if (context) {
    try {
      context->error = message;
    } catch (const std::bad_alloc&) {
      context->error.clear();
    }
  }
  return code;
}

namespace {

Status CheckContextOptions(const propnp_context_options& options) {
  if (options.num_threads < 0 || options.num_threads > kMaxThreads) {
    return Status::InvalidArgument("context_options.num_threads is " +
                                   std::to_string(options.num_threads) + ", expected 0 to " +
                                   std::to_string(kMaxThreads));
  }
  return Status();
}

Status CreateContext(const propnp_context_options* given, propnp_context** context) {
  ContextOptions options;
  if (given) PROPNP_RETURN_IF_ERROR(ReadSized("context_options", given, &options));
  PROPNP_RETURN_IF_ERROR(CheckContextOptions(options));
  *context = new propnp_context(options.num_threads);
  return Status();
}

}  // namespace
}  // namespace propnp::c_api

using propnp::c_api::Report;

int32_t propnp_context_create(const propnp_context_options* options, propnp_context** context) {
  if (!context) return Report(nullptr, PROPNP_ERROR_INVALID_ARGUMENT, "context is null");
  *context = nullptr;
  try {
    return Report(nullptr, propnp::c_api::CreateContext(options, context));
  } catch (const std::bad_alloc&) {
    return Report(nullptr, PROPNP_ERROR_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return Report(nullptr, PROPNP_ERROR_INTERNAL, error.what());
  }
}

void propnp_context_destroy(propnp_context* context) { delete context; }

const char* propnp_last_error(const propnp_context* context) {
  return context ? context->error.c_str() : propnp::c_api::thread_error.message;
}

const char* propnp_error_name(int32_t code) {
  switch (code) {
    case PROPNP_OK:
      return "PROPNP_OK";
    case PROPNP_ERROR_INVALID_ARGUMENT:
      return "PROPNP_ERROR_INVALID_ARGUMENT";
    case PROPNP_ERROR_WORKSPACE_TOO_SMALL:
      return "PROPNP_ERROR_WORKSPACE_TOO_SMALL";
    case PROPNP_ERROR_UNAVAILABLE:
      return "PROPNP_ERROR_UNAVAILABLE";
    case PROPNP_ERROR_OUT_OF_MEMORY:
      return "PROPNP_ERROR_OUT_OF_MEMORY";
    case PROPNP_ERROR_INTERNAL:
      return "PROPNP_ERROR_INTERNAL";
    case PROPNP_ERROR_BUSY:
      return "PROPNP_ERROR_BUSY";
    default:
      return "not an error code of propnp";
  }
}
