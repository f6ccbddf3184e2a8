// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <atomic>

#include "propnp/engine/kernels/object_kernels.h"

namespace propnp {

namespace baseline {
extern const ObjectKernels<float> kFloatKernels;
extern const ObjectKernels<double> kDoubleKernels;
}  // namespace baseline
#if PROPNP_HAVE_AVX2
namespace avx2 {
extern const ObjectKernels<float> kFloatKernels;
extern const ObjectKernels<double> kDoubleKernels;
}  // namespace avx2
#endif
#if PROPNP_HAVE_AVX512
namespace avx512 {
extern const ObjectKernels<float> kFloatKernels;
extern const ObjectKernels<double> kDoubleKernels;
}  // namespace avx512
#endif

namespace {

InstructionSet BestInstructionSet() {
  if (HasInstructionSet(InstructionSet::kAvx512)) return InstructionSet::kAvx512;
  if (HasInstructionSet(InstructionSet::kAvx2)) return InstructionSet::kAvx2;
  return InstructionSet::kBaseline;
}

std::atomic<InstructionSet>& Current() {
  static std::atomic<InstructionSet> current{BestInstructionSet()};
  return current;
}

}  // namespace

bool HasInstructionSet(InstructionSet isa) {
  switch (isa) {
    case InstructionSet::kBaseline:
      return true;
    case InstructionSet::kAvx2:
#if PROPNP_HAVE_AVX2
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
             __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#else
      return false;
#endif
    case InstructionSet::kAvx512:
#if PROPNP_HAVE_AVX512
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl");
#else
      return false;
#endif
  }
  return false;
}

InstructionSet CurrentInstructionSet() { return Current(); }

const char* InstructionSetName(InstructionSet isa) {
  switch (isa) {
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAvx2:
      return "avx2";
    default:
      return "baseline";
  }
}

bool SetInstructionSet(InstructionSet isa) {
  if (!HasInstructionSet(isa)) return false;
  Current() = isa;
  return true;
}

template <>
const ObjectKernels<float>& GetObjectKernels<float>() {
#if PROPNP_HAVE_AVX512
  if (Current() == InstructionSet::kAvx512) return avx512::kFloatKernels;
#endif
#if PROPNP_HAVE_AVX2
  if (Current() == InstructionSet::kAvx2) return avx2::kFloatKernels;
#endif
  return baseline::kFloatKernels;
}

template <>
const ObjectKernels<double>& GetObjectKernels<double>() {
#if PROPNP_HAVE_AVX512
  if (Current() == InstructionSet::kAvx512) return avx512::kDoubleKernels;
#endif
#if PROPNP_HAVE_AVX2
  if (Current() == InstructionSet::kAvx2) return avx2::kDoubleKernels;
#endif
  return baseline::kDoubleKernels;
}

}  // namespace propnp
