// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Errors as values. No exception crosses this library: what may fail returns a Status, or a
// Result<T> that holds either a T or the Status that says why there is none.
#ifndef PROPNP_IO_STATUS_H_
#define PROPNP_IO_STATUS_H_

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace propnp::io {

// Success, or one line for the user: which file, where in it (line or byte), which field, what is
// wrong with it and, where that is known, what to do.
class [[nodiscard]] Status {
 public:
  Status() = default;
  static Status Error(std::string message) {
    Status status;
    status.message_ = message.empty() ? "unknown error" : std::move(message);
    return status;
  }

  bool ok() const { return message_.empty(); }
  const std::string& message() const { return message_; }

 private:
  std::string message_;
};

// A T, or the error that stood in its way. Look at ok() before value().
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: implicit on purpose
  Result(Status status) : status_(std::move(status)) {  // NOLINT: implicit on purpose
    assert(!status_.ok() && "a Result without a value needs an error");
    if (status_.ok()) status_ = Status::Error("internal error: success without a value");
  }

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }
  T& value() & { return Checked(); }
  const T& value() const& { return const_cast<Result*>(this)->Checked(); }
  T&& value() && { return std::move(Checked()); }
  T* operator->() { return &Checked(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return Checked(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(Checked()); }

 private:
  T& Checked() {
    assert(ok() && "value() of a Result that holds an error");
    return *value_;
  }

  std::optional<T> value_;
  Status status_;
};

// "file: place: field NAME: problem"; place and field may be empty.
inline Status ErrorAt(const std::string& file, const std::string& place, const std::string& field,
                      const std::string& problem) {
  std::string message = file + ": ";
  if (!place.empty()) message += place + ": ";
  if (!field.empty()) message += "field " + field + ": ";
  return Status::Error(message + problem);
}

// `status` with "file: " before its message.
inline Status InFile(const std::string& file, const Status& status) {
  return status.ok() || file.empty() ? status : Status::Error(file + ": " + status.message());
}

}  // namespace propnp::io

#endif  // PROPNP_IO_STATUS_H_
