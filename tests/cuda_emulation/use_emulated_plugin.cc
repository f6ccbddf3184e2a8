// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Before any test: the emulated plugin, or the one that the environment names.
#include <cstdlib>

namespace {

[[maybe_unused]] const int kSet = setenv("PROPNP_CUDA_PLUGIN", PROPNP_EMULATED_PLUGIN, 0);

}  // namespace
