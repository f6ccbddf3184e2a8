// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The CUDA backend, loaded when it is first asked for: libpropnp_cuda.so beside this library, where
// the loader finds it, or where the environment variable PROPNP_CUDA_PLUGIN says. What runs on the
// CPU needs none of it; what is asked of a CUDA device never runs on the CPU instead.
#ifndef PROPNP_ENGINE_CUDA_PLUGIN_H_
#define PROPNP_ENGINE_CUDA_PLUGIN_H_

#include "propnp/engine/backend.h"
#include "propnp/engine/status.h"

namespace propnp {

// The plugin's table. kUnavailable if there is no plugin, or one of another version.
Status LoadCudaBackend(const propnp_backend** backend);

// Loads the plugin and asks it for the device: kUnavailable if there is no plugin, no driver or no
// device of that ordinal; the message says which.
Status CheckCudaDevice(int32_t device);

// Whether the arguments name a CUDA device rather than the CPU.
template <typename Args>
bool IsOnDevice(const Args& args) {
  return args.device >= 0;
}

Status FromBackend(int32_t code, const propnp_backend_error& error);

// Runs an operation whose arguments have been checked on the device that they name:
//
//   if (IsOnDevice(args)) return RunOnDevice(&propnp_backend::solve, args);
template <typename Args>
Status RunOnDevice(int32_t (*propnp_backend::*operation)(const Args*, propnp_backend_error*),
                   const Args& args) {
  const propnp_backend* backend = nullptr;
  PROPNP_RETURN_IF_ERROR(CheckCudaDevice(args.device));
  PROPNP_RETURN_IF_ERROR(LoadCudaBackend(&backend));
  propnp_backend_error error = {};
  return FromBackend((backend->*operation)(&args, &error), error);
}

template <typename Args>
Status WorkspaceSizeOnDevice(int32_t (*propnp_backend::*operation)(const Args*, uint64_t*,
                                                                   propnp_backend_error*),
                             const Args& args, uint64_t* bytes) {
  const propnp_backend* backend = nullptr;
  PROPNP_RETURN_IF_ERROR(CheckCudaDevice(args.device));
  PROPNP_RETURN_IF_ERROR(LoadCudaBackend(&backend));
  propnp_backend_error error = {};
  return FromBackend((backend->*operation)(&args, bytes, &error), error);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_CUDA_PLUGIN_H_
