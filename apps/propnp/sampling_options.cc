// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/sampling_options.h"

#include <charconv>

#include "apps/propnp/input_error.h"
#include "apps/propnp/text.h"
#include "propnp/engine/sample_args.h"

namespace propnp::app {
namespace {

constexpr int kFewestSamples = 32, kMostSamples = 1 << 20;  // the engine's bounds

struct MethodForm {
  const char* name;
  int32_t method;
};

constexpr MethodForm kMethods[] = {{"mixture", PROPNP_SAMPLER_MIXTURE},
                                   {"mixture_mc", PROPNP_SAMPLER_MIXTURE_MC},
                                   {"amis", PROPNP_SAMPLER_AMIS},
                                   {"laplace", PROPNP_SAMPLER_LAPLACE}};

}  // namespace

int32_t ParseMethod(const std::string& text) {
  for (const MethodForm& form : kMethods) {
    if (text == form.name) return form.method;
  }
  throw InputError("--method " + text + ": accepted are " + MethodNames());
}

int32_t ParseSamples(const std::string& text) {
  const auto number = ParseInteger(text);
  if (number && *number >= kFewestSamples && *number <= kMostSamples) return *number;
  throw InputError(Format("--samples %s: accepted are whole numbers from %d to %d", text.c_str(),
                          kFewestSamples, kMostSamples));
}

uint64_t ParseSeed(const std::string& text) {
  uint64_t seed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seed);
  if (error == std::errc() && stop == end) return seed;
  throw InputError("--seed " + text + ": accepted are whole numbers from 0 to 2^64 - 1");
}

const char* MethodName(int32_t method) {
  for (const MethodForm& form : kMethods) {
    if (form.method == method) return form.name;
  }
  return "unknown";
}

std::string MethodNames() {
  std::string names;
  for (const MethodForm& form : kMethods)
    names += (names.empty() ? "" : ", ") + std::string(form.name);
  return names;
}

}  // namespace propnp::app
