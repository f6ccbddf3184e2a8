// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A plugin between the tests and the CUDA plugin: tensors of a call lie in the host's memory, as
// the emulated device's do, and are copied to the device and back. So the tests that run on the
// emulation run on a GPU, unchanged. The CUDA plugin is the one that PROPNP_MIRRORED_PLUGIN names.
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "propnp/engine/backend.h"

namespace {

void Check(cudaError_t result) {
  if (result == cudaSuccess) return;
  std::fprintf(stderr, "mirror: %s\n", cudaGetErrorString(result));
  std::abort();
}

const propnp_backend& Real() {
  static const propnp_backend* const backend = [] {
    const char* const path = std::getenv("PROPNP_MIRRORED_PLUGIN");
    void* const library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (!library) {
      std::fprintf(stderr, "mirror: PROPNP_MIRRORED_PLUGIN: %s\n", path ? dlerror() : "not set");
      std::abort();
    }
    using Export = decltype(&propnp_cuda_backend);
    return reinterpret_cast<Export>(dlsym(library, PROPNP_CUDA_BACKEND_SYMBOL))();
  }();
  return *backend;
}

int64_t SizeOf(int32_t dtype) { return dtype == PROPNP_FLOAT32 || dtype == PROPNP_INT32 ? 4 : 8; }

// Memory on the device that stands for some on the host until it is destroyed, aligned as that is.
class Mirror {
 public:
  Mirror(void* host, size_t bytes) : host_(host), bytes_(bytes) {
    constexpr size_t kAlignment = 64;
    Check(cudaMalloc(&allocated_, bytes + kAlignment));
    device_ = static_cast<char*>(allocated_) + reinterpret_cast<uintptr_t>(host) % kAlignment;
    Check(cudaMemcpy(device_, host, bytes, cudaMemcpyHostToDevice));
  }
  ~Mirror() {
    Check(cudaMemcpy(host_, device_, bytes_, cudaMemcpyDeviceToHost));
    Check(cudaFree(allocated_));
  }
  Mirror(const Mirror&) = delete;
  char* device() const { return device_; }

 private:
  void* host_;
  void* allocated_ = nullptr;
  char* device_ = nullptr;
  size_t bytes_;
};

// The mirrors of one call.
class Mirrors {
 public:
  void Add(propnp_tensor* t) {
    if (!t->data) return;
    int64_t least = 0, most = 0;
    for (int32_t k = 0; k < t->ndim; ++k) {
      if (t->shape[k] == 0) return;
      const int64_t reach = (t->shape[k] - 1) * t->stride[k];
      (reach < 0 ? least : most) += reach;
    }
    const int64_t size = SizeOf(t->dtype);
    char* const begin = static_cast<char*>(t->data) + least * size;
    t->data = AddBytes(begin, (most - least + 1) * size) - least * size;
  }
  // All tensors from one member of a struct to another.
  void AddRange(propnp_tensor* first, propnp_tensor* last) {
    for (propnp_tensor* t = first; t <= last; ++t) Add(t);
  }
  char* AddBytes(void* host, size_t bytes) {
    mirrors_.push_back(std::make_unique<Mirror>(host, bytes));
    return mirrors_.back()->device();
  }

 private:
  std::vector<std::unique_ptr<Mirror>> mirrors_;
};

// A copy of the structs that every call points to, their tensors on the device.
struct Inputs {
  propnp_correspondences correspondences;
  propnp_cameras cameras;
  propnp_cost_options cost;
  propnp_prior prior;

  template <typename Args>
  void Take(Args* args, Mirrors* mirrors) {
    correspondences = *args->correspondences;
    cameras = *args->cameras;
    cost = *args->cost;
    mirrors->AddRange(&correspondences.x3d, &correspondences.object_ids);
    mirrors->AddRange(&cameras.model, &cameras.box_px);
    mirrors->Add(&cost.object_delta);
    if (cost.prior) {
      prior = *cost.prior;
      mirrors->AddRange(&prior.mean, &prior.sigma);
      mirrors->AddRange(&prior.depth, &prior.covariance);
      cost.prior = &prior;
    }
    args->correspondences = &correspondences;
    args->cameras = &cameras;
    args->cost = &cost;
    if (args->workspace) args->workspace = mirrors->AddBytes(args->workspace, args->workspace_size);
  }
};

template <typename Options>
void TakeSeed(Options* options, Mirrors* mirrors) {
  if (!options->seed_pointer) return;
  options->seed_pointer = reinterpret_cast<const uint64_t*>(
      mirrors->AddBytes(const_cast<uint64_t*>(options->seed_pointer), sizeof(uint64_t)));
}

// What of each operation's arguments is not in Inputs.
struct Nothing {};
Nothing TakeOwn(propnp_evaluate_args* a, Mirrors* m) {
  m->AddRange(&a->pose, &a->status);
  return {};
}
Nothing TakeOwn(propnp_pose_plus_args* a, Mirrors* m) {
  m->AddRange(&a->pose, &a->status);
  return {};
}
Nothing TakeOwn(propnp_sample_expectation_args* a, Mirrors* m) {
  m->AddRange(&a->sample_pose, &a->status);
  return {};
}
propnp_solve_options TakeOwn(propnp_solve_args* a, Mirrors* m) {
  m->AddRange(&a->pose_init, &a->status);
  propnp_solve_options options = *a->options;
  TakeSeed(&options, m);
  return options;
}
struct SampleStructs {
  propnp_sample_options options;
  propnp_symmetries symmetries;
};
SampleStructs TakeOwn(propnp_sample_args* a, Mirrors* m) {
  m->AddRange(&a->pose_target, &a->status);
  m->AddRange(&a->grad_x3d, &a->draws);
  m->AddRange(&a->grad_prior_covariance, &a->grad_prior_bound);
  m->AddRange(&a->grad_relative_delta, &a->pose);
  SampleStructs own = {*a->options, {}};
  TakeSeed(&own.options, m);
  if (!a->symmetries) return own;
  own.symmetries = *a->symmetries;
  m->AddRange(&own.symmetries.rotation, &own.symmetries.object_class);
  return own;
}
propnp_gradients TakeGradients(const propnp_gradients& from, Mirrors* m) {
  propnp_gradients gradients = from;
  m->AddRange(&gradients.x3d, &gradients.prior_covariance);
  return gradients;
}
propnp_gradients TakeOwn(propnp_pose_plus_backward_args* a, Mirrors* m) {
  m->AddRange(&a->pose, &a->step_cotangent);
  m->Add(&a->status);
  return TakeGradients(*a->gradients, m);
}
propnp_gradients TakeOwn(propnp_sample_backward_args* a, Mirrors* m) {
  m->AddRange(&a->sample_pose, &a->expected_cost_cotangent);
  m->Add(&a->status);
  return TakeGradients(*a->gradients, m);
}
propnp_gradients TakeOwn(propnp_implicit_gradient_args* a, Mirrors* m) {
  m->AddRange(&a->pose, &a->tangent_cotangent);
  m->Add(&a->status);
  return TakeGradients(*a->gradients, m);
}

// Lets the arguments point to the copy.
template <typename Args>
void PointTo(Args*, Nothing*) {}
template <typename Args>
void PointTo(Args* args, propnp_gradients* gradients) {
  args->gradients = gradients;
}
void PointTo(propnp_solve_args* args, propnp_solve_options* options) { args->options = options; }
void PointTo(propnp_sample_args* args, SampleStructs* own) {
  args->options = &own->options;
  if (args->symmetries) args->symmetries = &own->symmetries;
}

template <auto kOperation, typename Args>
int32_t Mirrored(const Args* given, propnp_backend_error* error) {
  Args args = *given;
  Mirrors mirrors;
  Inputs inputs;
  inputs.Take(&args, &mirrors);
  auto own = TakeOwn(&args, &mirrors);
  PointTo(&args, &own);
  const int32_t code = (Real().*kOperation)(&args, error);
  Check(cudaDeviceSynchronize());
  return code;
}

// Sizes follow from shapes, which are where they were.
template <auto kOperation, typename Args>
int32_t Size(const Args* args, uint64_t* bytes, propnp_backend_error* error) {
  return (Real().*kOperation)(args, bytes, error);
}

int32_t CheckDevice(int32_t device, propnp_backend_error* error) {
  return Real().check_device(device, error);
}

#define PROPNP_MIRROR(name)                              \
  Mirrored<&propnp_backend::name, propnp_##name##_args>, \
      Size<&propnp_backend::name##_workspace_size, propnp_##name##_args>

const propnp_backend kBackend = {
    sizeof(propnp_backend),
    PROPNP_BACKEND_VERSION,
    CheckDevice,
    PROPNP_MIRROR(evaluate),
    PROPNP_MIRROR(solve),
    PROPNP_MIRROR(sample),
    PROPNP_MIRROR(sample_expectation),
    PROPNP_MIRROR(sample_backward),
    PROPNP_MIRROR(pose_plus),
    PROPNP_MIRROR(pose_plus_backward),
    PROPNP_MIRROR(implicit_gradient),
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const propnp_backend* propnp_cuda_backend(void) {
  return &kBackend;
}
