// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The outcome of a call. What goes wrong with one object is in its status bits (args.h); a Status
// says that the call itself could not be made: a shape, a type or an option is wrong.
#ifndef PROPNP_ENGINE_STATUS_H_
#define PROPNP_ENGINE_STATUS_H_

#include <string>
#include <utility>

namespace propnp {

enum class StatusCode : int {
  kOk = 0,
  kInvalidArgument = -1,  // a shape, dtype, option or pointer; the message names field and value
  kWorkspaceTooSmall = -2,
  kUnavailable = -3,  // the device asked for is not there
  kOutOfMemory = -4
};

class Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}
  static Status InvalidArgument(std::string message) {
    return Status(StatusCode::kInvalidArgument, std::move(message));
  }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

// Leaves the enclosing function with the status of `expression` unless it is ok.
#define PROPNP_RETURN_IF_ERROR(expression)                                      \
  do {                                                                          \
    if (::propnp::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

}  // namespace propnp

#endif  // PROPNP_ENGINE_STATUS_H_
