// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/cuda_plugin.h"

#include <dlfcn.h>

#include <cstdlib>
#include <mutex>
#include <string>

namespace propnp {
namespace {

constexpr const char* kFileName = "libpropnp_cuda.so";
constexpr const char* kVariable = "PROPNP_CUDA_PLUGIN";

Status Unavailable(const std::string& message) { return Status(StatusCode::kUnavailable, message); }

// The folder of the file that this code was loaded from, with its slash.
std::string OwnFolder() {
  Dl_info info;
  // A function is a place in the file like any other.
  if (!dladdr(reinterpret_cast<void*>(&OwnFolder), &info) || !info.dli_fname) return "";
  const std::string path = info.dli_fname;
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

// Opens the first of the three places that has a library; `tried` collects why the others did not.
void* OpenPlugin(std::string* tried) {
  const auto open = [&](const std::string& path) {
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
      const char* const why = dlerror();
      *tried += std::string(tried->empty() ? "" : "; ") + (why ? why : path.c_str());
    }
    return library;
  };
  void* library = open(OwnFolder() + kFileName);
  if (!library) library = open(kFileName);
  const char* const given = std::getenv(kVariable);
  if (!library && given) library = open(given);
  return library;
}

Status FindTable(void* library, const propnp_backend** backend) {
  using Export = decltype(&propnp_cuda_backend);
  const auto get = reinterpret_cast<Export>(dlsym(library, PROPNP_CUDA_BACKEND_SYMBOL));
  if (!get) {
    return Unavailable(std::string("the CUDA plugin has no symbol ") + PROPNP_CUDA_BACKEND_SYMBOL);
  }
  const propnp_backend* const table = get();
  if (table->version != PROPNP_BACKEND_VERSION || table->struct_size < sizeof(propnp_backend)) {
    return Unavailable("the CUDA plugin is of version " + std::to_string(table->version) +
                       ", expected " + std::to_string(PROPNP_BACKEND_VERSION) +
                       ": it and this library come from different releases");
  }
  *backend = table;
  return Status();
}

}  // namespace

Status LoadCudaBackend(const propnp_backend** backend) {
  static std::mutex mutex;
  static const propnp_backend* loaded = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (!loaded) {
    std::string tried;
    void* const library = OpenPlugin(&tried);
    if (!library) {
      return Unavailable("no CUDA plugin: " + tried + "; " + kVariable + " may name the file");
    }
    // A library that serves stays open for good: its functions are in use.
    const Status status = FindTable(library, &loaded);
    if (!status.ok()) {
      dlclose(library);
      return status;
    }
  }
  *backend = loaded;
  return Status();
}

Status CheckCudaDevice(int32_t device) {
  const propnp_backend* backend = nullptr;
  propnp_backend_error error = {};
  Status status = LoadCudaBackend(&backend);
  if (status.ok()) status = FromBackend(backend->check_device(device, &error), error);
  if (status.ok()) return status;
  return Status(status.code(), "device is " + std::to_string(device) + ": " + status.message());
}

Status FromBackend(int32_t code, const propnp_backend_error& error) {
  return code == 0 ? Status() : Status(static_cast<StatusCode>(code), error.message);
}

}  // namespace propnp
