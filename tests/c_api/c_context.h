// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A context of the C ABI that ends with its scope, and expectations on return codes.
#ifndef PROPNP_TESTS_C_API_C_CONTEXT_H_
#define PROPNP_TESTS_C_API_C_CONTEXT_H_

#include <gtest/gtest.h>

#include <string>

#include "propnp/c_api/propnp.h"
#include "tests/engine/simulation.h"

namespace propnp::test {

class CContext {
 public:
  explicit CContext(int32_t num_threads = 2) {
    propnp_context_options options;
    propnp_context_options_init(&options, sizeof options);
    options.num_threads = num_threads;
    Create(options);
  }
  explicit CContext(const propnp_context_options& options) { Create(options); }
  ~CContext() { propnp_context_destroy(context_); }
  CContext(const CContext&) = delete;
  CContext& operator=(const CContext&) = delete;

  propnp_context* get() const { return context_; }
  std::string error() const { return propnp_last_error(context_); }

 private:
  void Create(const propnp_context_options& options) {
    EXPECT_EQ(propnp_context_create(&options, &context_), PROPNP_OK) << propnp_last_error(nullptr);
  }

  propnp_context* context_ = nullptr;
};

inline propnp_context_options DefaultContextOptions() {
  propnp_context_options options;
  EXPECT_EQ(propnp_context_options_init(&options, sizeof options), PROPNP_OK);
  options.num_threads = 2;
  return options;
}

// A call failed with this code and its message, in the context and the thread, has this in it.
inline void ExpectError(const CContext& context, int32_t actual, int32_t expected,
                        const std::string& part) {
  EXPECT_STREQ(propnp_error_name(actual), propnp_error_name(expected)) << context.error();
  EXPECT_NE(context.error().find(part), std::string::npos) << context.error();
  EXPECT_STREQ(propnp_last_error(nullptr), context.error().c_str());
}

// Some objects with noise that every solver finds.
inline Batch EasyBatch(TestRandom& random, int64_t objects = 3) {
  Simulation simulation;
  simulation.objects = objects;
  simulation.noise_px = 0.5;
  return Simulate(random, simulation);
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_C_API_C_CONTEXT_H_
