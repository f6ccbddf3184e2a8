// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <atomic>

#include "propnp/engine/kernels/derivative_kernels.h"
#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/engine/kernels/proposal_kernels.h"
#include "propnp/engine/kernels/sample_kernels.h"
#include "propnp/engine/kernels/start_draw_kernels.h"
#include "propnp/engine/kernels/start_kernels.h"

namespace propnp {

namespace baseline {
extern const ObjectKernels<float> kFloatKernels;
extern const ObjectKernels<double> kDoubleKernels;
extern const SampleKernels<float> kFloatSampleKernels;
extern const SampleKernels<double> kDoubleSampleKernels;
extern const BaseKernels<float> kFloatBaseKernels;
extern const BaseKernels<double> kDoubleBaseKernels;
extern const ScoreKernels<float> kFloatScoreKernels;
extern const ScoreKernels<double> kDoubleScoreKernels;
extern const ProposalKernels kProposalKernels;
extern const StartKernels kStartKernels;
extern const StartDrawKernels kStartDrawKernels;
extern const DerivativeKernels kDerivativeKernels;
}  // namespace baseline
#if PROPNP_HAVE_AVX2
namespace avx2 {
extern const ObjectKernels<float> kFloatKernels;
extern const ObjectKernels<double> kDoubleKernels;
extern const SampleKernels<float> kFloatSampleKernels;
extern const SampleKernels<double> kDoubleSampleKernels;
extern const BaseKernels<float> kFloatBaseKernels;
extern const BaseKernels<double> kDoubleBaseKernels;
extern const ScoreKernels<float> kFloatScoreKernels;
extern const ScoreKernels<double> kDoubleScoreKernels;
extern const ProposalKernels kProposalKernels;
extern const StartKernels kStartKernels;
extern const StartDrawKernels kStartDrawKernels;
extern const DerivativeKernels kDerivativeKernels;
}  // namespace avx2
#endif
#if PROPNP_HAVE_AVX512
namespace avx512 {
extern const ObjectKernels<float> kFloatKernels;
extern const ObjectKernels<double> kDoubleKernels;
extern const SampleKernels<float> kFloatSampleKernels;
extern const SampleKernels<double> kDoubleSampleKernels;
extern const BaseKernels<float> kFloatBaseKernels;
extern const BaseKernels<double> kDoubleBaseKernels;
extern const ScoreKernels<float> kFloatScoreKernels;
extern const ScoreKernels<double> kDoubleScoreKernels;
extern const ProposalKernels kProposalKernels;
extern const StartKernels kStartKernels;
extern const StartDrawKernels kStartDrawKernels;
extern const DerivativeKernels kDerivativeKernels;
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

// The named constant of the current instruction set.
#if PROPNP_HAVE_AVX2 && PROPNP_HAVE_AVX512
#define PROPNP_OF_CURRENT(name)                        \
  (Current() == InstructionSet::kAvx512 ? avx512::name \
   : Current() == InstructionSet::kAvx2 ? avx2::name   \
                                        : baseline::name)
#else
#define PROPNP_OF_CURRENT(name) baseline::name
#endif

template <>
const ObjectKernels<float>& GetObjectKernels<float>() {
  return PROPNP_OF_CURRENT(kFloatKernels);
}

template <>
const ObjectKernels<double>& GetObjectKernels<double>() {
  return PROPNP_OF_CURRENT(kDoubleKernels);
}

template <>
const SampleKernels<float>& GetSampleKernels<float>() {
  return PROPNP_OF_CURRENT(kFloatSampleKernels);
}

template <>
const SampleKernels<double>& GetSampleKernels<double>() {
  return PROPNP_OF_CURRENT(kDoubleSampleKernels);
}

template <>
const BaseKernels<float>& GetBaseKernels<float>() {
  return PROPNP_OF_CURRENT(kFloatBaseKernels);
}

template <>
const BaseKernels<double>& GetBaseKernels<double>() {
  return PROPNP_OF_CURRENT(kDoubleBaseKernels);
}

template <>
const ScoreKernels<float>& GetScoreKernels<float>() {
  return PROPNP_OF_CURRENT(kFloatScoreKernels);
}

template <>
const ScoreKernels<double>& GetScoreKernels<double>() {
  return PROPNP_OF_CURRENT(kDoubleScoreKernels);
}

const ProposalKernels& GetProposalKernels() { return PROPNP_OF_CURRENT(kProposalKernels); }

const StartKernels& GetStartKernels() { return PROPNP_OF_CURRENT(kStartKernels); }
const StartDrawKernels& GetStartDrawKernels() { return PROPNP_OF_CURRENT(kStartDrawKernels); }
const DerivativeKernels& GetDerivativeKernels() { return PROPNP_OF_CURRENT(kDerivativeKernels); }

}  // namespace propnp
