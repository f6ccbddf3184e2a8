// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops over the points of one view, and the table of them that each instruction set fills in.
// Everything here is plain data: the types are shared by code compiled for different machines.
#ifndef PROPNP_ENGINE_KERNELS_OBJECT_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_OBJECT_KERNELS_H_

#include <cstdint>

namespace propnp {

// Points are padded with zero weight to a multiple of this, the widest register in floats, and
// columns are aligned to as many bytes.
constexpr int kPointPadding = 16;
constexpr int kColumnAlignment = 64;

constexpr int64_t PaddedCount(int64_t points) {
  return (points + kPointPadding - 1) / kPointPadding * kPointPadding;
}

constexpr int kTangentMax = 6;

// The points of one view of one object, one column a coordinate, with what they share.
template <typename T>
struct PackedView {
  const T *x, *y, *z;  // point_in_object
  const T *u, *v;      // px
  const T *wxx, *wyy;  // weight, or diagonal of the square-root information
  const T *wxy, *wyx;  // off-diagonal; null for a plain weight
  int64_t num_points;  // without padding
  int64_t padded_points;

  int32_t camera_model;
  int32_t has_box;
  int32_t has_rig;
  T camera_parameters[12];
  T camera_limit;
  T box[4];
  T z_min;
  T camera_from_rig_rotation[9];
  T camera_from_rig_translation[3];
};

// A pose as the kernels want it. `axis` is the yaw axis of 4DoF.
template <typename T>
struct KernelPose {
  T rotation[9];
  T translation[3];
  T axis[3];
};

// The loss and the treatment of the rows, as the enums of math/ number them.
template <typename T>
struct KernelModel {
  int32_t loss_kind;
  int32_t curvature;
  int32_t drop_clamped_rows;
  int32_t with_statistics;  // fill in the last two of NormalSums
  T delta;
};

// Sums over points: the lower triangle of the curvature row by row, the gradient, the cost.
template <typename T>
struct NormalSums {
  static constexpr int kTriangle = kTangentMax * (kTangentMax + 1) / 2;
  T curvature[kTriangle];
  T gradient[kTangentMax];
  T cost;
  T weighted_square;  // sum of rho'(s) s
  T behind;           // points with weight that lie behind z_min
};

template <typename T>
struct ObjectKernels {
  // Adds the view's sums to *sums.
  void (*accumulate_six)(const PackedView<T>&, const KernelPose<T>&, const KernelModel<T>&,
                         NormalSums<T>*);
  void (*accumulate_four)(const PackedView<T>&, const KernelPose<T>&, const KernelModel<T>&,
                          NormalSums<T>*);
  // The view's cost.
  T (*cost)(const PackedView<T>&, const KernelPose<T>&, const KernelModel<T>&);
};

// Instruction sets, in the order of preference.
enum class InstructionSet { kBaseline = 0, kAvx2 = 1, kAvx512 = 2 };

// The kernels of the best instruction set that this machine and this build have, or of the one set
// with SetInstructionSet().
template <typename T>
const ObjectKernels<T>& GetObjectKernels();

// Whether the machine and the build have it.
bool HasInstructionSet(InstructionSet isa);

InstructionSet CurrentInstructionSet();
const char* InstructionSetName(InstructionSet isa);

// For tests and benchmarks; false if the machine or the build lacks it. Not to be called while an
// operation runs.
bool SetInstructionSet(InstructionSet isa);

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_OBJECT_KERNELS_H_
