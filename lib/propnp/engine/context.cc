// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/context.h"

#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "propnp/engine/kernels/object_kernels.h"

namespace propnp {
namespace {

// The work that is handed to a user's parallel_for. Whatever the callback does, no worker runs
// twice, for two would share their scratch, and none that does not exist runs at all.
class Parts {
 public:
  Parts(void (*body)(void*, int), void* data, int count)
      : body_(body), data_(data), count_(count) {}

  void Run(int32_t index) {
    if (index < 0 || index >= count_) return;
    const uint64_t bit = uint64_t{1} << (index % 64);
    if (taken_[index / 64].fetch_or(bit, std::memory_order_relaxed) & bit) return;
    body_(data_, index);
    done_.fetch_add(1, std::memory_order_release);
  }

  int done() const { return done_.load(std::memory_order_acquire); }

 private:
  void (*const body_)(void*, int);
  void* const data_;
  const int count_;
  std::atomic<int> done_{0};
  std::array<std::atomic<uint64_t>, kMaxThreads / 64> taken_ = {};
};

}  // namespace

Status CheckContextOptions(const propnp_context_options& options) {
  if (options.num_threads < 0 || options.num_threads > kMaxThreads) {
    return Status::InvalidArgument("context_options.num_threads is " +
                                   std::to_string(options.num_threads) + ", expected 0 to " +
                                   std::to_string(kMaxThreads));
  }
  if (options.log_level < 0 || options.log_level > PROPNP_LOG_DEBUG) {
    return Status::InvalidArgument("context_options.log_level is " +
                                   std::to_string(options.log_level) + ", expected 0 to 4");
  }
  if (!options.allocate != !options.deallocate) {
    return Status::InvalidArgument(
        "context_options.allocate and deallocate: expected both or neither");
  }
  return Status();
}

Context::Context(const propnp_context_options& options) : pool_(options.num_threads) {
  static_cast<propnp_context_options&>(options_) = options;
}

Status Context::Run(void (*body)(void* data, int worker), void* data) {
  if (!options_.parallel_for) {
    pool_.Run(body, data);
    return Status();
  }
  Parts parts(body, data, num_threads());
  options_.parallel_for(
      options_.parallel_for_user_data, num_threads(),
      [](void* task_data, int32_t index) { static_cast<Parts*>(task_data)->Run(index); }, &parts);
  if (parts.done() == num_threads()) return Status();
  return Status::InvalidArgument("context_options.parallel_for returned after " +
                                 std::to_string(parts.done()) + " of " +
                                 std::to_string(num_threads()) + " tasks");
}

void* Context::Allocate(size_t bytes) {
  if (!options_.allocate) return std::aligned_alloc(kColumnAlignment, bytes);
  return options_.allocate(options_.allocator_user_data, bytes, kColumnAlignment);
}

void Context::Deallocate(void* memory, size_t bytes) {
  if (!memory) return;
  if (!options_.deallocate) {
    std::free(memory);
  } else {
    options_.deallocate(options_.allocator_user_data, memory, bytes);
  }
}

void Context::Log(int32_t level, const char* format, ...) const {
  if (!Logs(level)) return;
  char message[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  options_.log(options_.log_user_data, level, message);
}

}  // namespace propnp
