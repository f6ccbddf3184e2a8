// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include <atomic>

#include "propnp/engine/kernels/derivative_kernels.h"
#include "propnp/engine/kernels/object_kernels.h"
#include "propnp/engine/kernels/output_kernels.h"
#include "propnp/engine/kernels/pareto_kernels.h"
#include "propnp/engine/kernels/proposal_kernels.h"
#include "propnp/engine/kernels/regression_kernels.h"
#include "propnp/engine/kernels/sample_kernels.h"
#include "propnp/engine/kernels/start_draw_kernels.h"
#include "propnp/engine/kernels/start_kernels.h"
#include "propnp/engine/kernels/start_point_kernels.h"
#include "propnp/engine/kernels/view_kernels.h"
#include "propnp/engine/kernels/weight_kernels.h"

namespace propnp {

// What the sources of every instruction set define in its namespace.
#define PROPNP_KERNEL_TABLES                                       \
  extern const BaseKernels<float> kFloatBaseKernels;               \
  extern const BaseKernels<double> kDoubleBaseKernels;             \
  extern const ObjectKernels<float> kFloatKernels;                 \
  extern const ObjectKernels<double> kDoubleKernels;               \
  extern const RecordKernels<float> kFloatRecordKernels;           \
  extern const RecordKernels<double> kDoubleRecordKernels;         \
  extern const SampleKernels<float> kFloatSampleKernels;           \
  extern const SampleKernels<double> kDoubleSampleKernels;         \
  extern const ScoreKernels<float> kFloatScoreKernels;             \
  extern const ScoreKernels<double> kDoubleScoreKernels;           \
  extern const StartPointKernels<float> kFloatStartPointKernels;   \
  extern const StartPointKernels<double> kDoubleStartPointKernels; \
  extern const ViewKernels<float> kFloatViewKernels;               \
  extern const ViewKernels<double> kDoubleViewKernels;             \
  extern const DerivativeKernels kDerivativeKernels;               \
  extern const OutputKernels kOutputKernels;                       \
  extern const ParetoKernels kParetoKernels;                       \
  extern const ProposalKernels kProposalKernels;                   \
  extern const RegressionKernels kRegressionKernels;               \
  extern const StartDrawKernels kStartDrawKernels;                 \
  extern const StartKernels kStartKernels;                         \
  extern const WeightKernels kWeightKernels;

namespace baseline {
PROPNP_KERNEL_TABLES
}  // namespace baseline
#if PROPNP_HAVE_AVX2
namespace avx2 {
PROPNP_KERNEL_TABLES
}  // namespace avx2
#endif
#if PROPNP_HAVE_AVX512
namespace avx512 {
PROPNP_KERNEL_TABLES
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

#define PROPNP_DEFINE_GETTER(Kernels, T, name) \
  template <>                                  \
  const Kernels<T>& Get##Kernels<T>() {        \
    return PROPNP_OF_CURRENT(name);            \
  }
PROPNP_DEFINE_GETTER(BaseKernels, float, kFloatBaseKernels)
PROPNP_DEFINE_GETTER(BaseKernels, double, kDoubleBaseKernels)
PROPNP_DEFINE_GETTER(ObjectKernels, float, kFloatKernels)
PROPNP_DEFINE_GETTER(ObjectKernels, double, kDoubleKernels)
PROPNP_DEFINE_GETTER(RecordKernels, float, kFloatRecordKernels)
PROPNP_DEFINE_GETTER(RecordKernels, double, kDoubleRecordKernels)
PROPNP_DEFINE_GETTER(SampleKernels, float, kFloatSampleKernels)
PROPNP_DEFINE_GETTER(SampleKernels, double, kDoubleSampleKernels)
PROPNP_DEFINE_GETTER(ScoreKernels, float, kFloatScoreKernels)
PROPNP_DEFINE_GETTER(ScoreKernels, double, kDoubleScoreKernels)
PROPNP_DEFINE_GETTER(StartPointKernels, float, kFloatStartPointKernels)
PROPNP_DEFINE_GETTER(StartPointKernels, double, kDoubleStartPointKernels)
PROPNP_DEFINE_GETTER(ViewKernels, float, kFloatViewKernels)
PROPNP_DEFINE_GETTER(ViewKernels, double, kDoubleViewKernels)

const OutputKernels& GetOutputKernels() { return PROPNP_OF_CURRENT(kOutputKernels); }
const ParetoKernels& GetParetoKernels() { return PROPNP_OF_CURRENT(kParetoKernels); }
const WeightKernels& GetWeightKernels() { return PROPNP_OF_CURRENT(kWeightKernels); }
const ProposalKernels& GetProposalKernels() { return PROPNP_OF_CURRENT(kProposalKernels); }
const RegressionKernels& GetRegressionKernels() { return PROPNP_OF_CURRENT(kRegressionKernels); }

const StartKernels& GetStartKernels() { return PROPNP_OF_CURRENT(kStartKernels); }
const StartDrawKernels& GetStartDrawKernels() { return PROPNP_OF_CURRENT(kStartDrawKernels); }
const DerivativeKernels& GetDerivativeKernels() { return PROPNP_OF_CURRENT(kDerivativeKernels); }

}  // namespace propnp
