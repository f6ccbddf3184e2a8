// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/c_api/context.h"

#include <cstring>

#include "propnp/c_api/sized_struct.h"

namespace propnp::c_api {
namespace {

// A fixed buffer, so that reporting a lack of memory needs none.
struct ThreadError {
  char message[1024] = "";
};
thread_local ThreadError thread_error;

Status CreateContext(const propnp_context_options* given, propnp_context** context) {
  ContextOptions options;
  if (given) PROPNP_RETURN_IF_ERROR(ReadSized("context_options", given, &options));
  PROPNP_RETURN_IF_ERROR(CheckContextOptions(options));
  *context = new propnp_context(options);
  const Context& engine = (*context)->engine;
  engine.Log(PROPNP_LOG_INFO, "%s; %d %s", propnp_build_info(), engine.num_threads(),
             options.parallel_for ? "parts of parallel_for" : "threads");
  return Status();
}

}  // namespace

int32_t Report(propnp_context* context, int32_t code, const char* message) noexcept {
  std::strncpy(thread_error.message, message, sizeof thread_error.message - 1);
  if (!context) return code;
  try {
    context->error = message;
    context->engine.Log(PROPNP_LOG_ERROR, "%s: %s", propnp_error_name(code), message);
  } catch (...) {
    context->error.clear();  // no memory, or what the user's log throws
  }
  return code;
}

}  // namespace propnp::c_api

using propnp::c_api::Report;

int32_t propnp_context_create(const propnp_context_options* options, propnp_context** context) {
  if (!context) return Report(nullptr, PROPNP_ERROR_INVALID_ARGUMENT, "context is null");
  *context = nullptr;
  const int32_t code = propnp::c_api::ReportCall(
      nullptr, [&] { return propnp::c_api::CreateContext(options, context); });
  if (code != PROPNP_OK) {
    delete *context;
    *context = nullptr;
  }
  return code;
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
