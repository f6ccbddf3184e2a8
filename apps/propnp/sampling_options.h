// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// How posteriors are sampled, and how the option values are spelt.
#ifndef PROPNP_APPS_SAMPLING_OPTIONS_H_
#define PROPNP_APPS_SAMPLING_OPTIONS_H_

#include <cstdint>
#include <string>

namespace propnp::app {

struct SamplingOptions {
  int32_t method = 0;  // PROPNP_SAMPLER_*
  int32_t samples = 512;
  uint64_t seed = 0;
};

// Each throws InputError naming option, value and accepted forms.
int32_t ParseMethod(const std::string& text);
int32_t ParseSamples(const std::string& text);
uint64_t ParseSeed(const std::string& text);

const char* MethodName(int32_t method);
// "mixture, mixture_mc, amis, laplace"
std::string MethodNames();

}  // namespace propnp::app

#endif  // PROPNP_APPS_SAMPLING_OPTIONS_H_
