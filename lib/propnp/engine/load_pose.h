// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reading poses from the caller's tensors.
#ifndef PROPNP_ENGINE_LOAD_POSE_H_
#define PROPNP_ENGINE_LOAD_POSE_H_

#include <cmath>

#include "propnp/engine/tensor.h"

namespace propnp {

// Reads row `object` of (B, 7) or (B, 4) and normalises its quaternion; false if a number is not
// finite or the quaternion is zero.
template <int kDof, typename T>
PROPNP_HOST_DEVICE bool LoadPose(const propnp_tensor& tensor, int64_t object, T* pose) {
  constexpr int kSize = kDof == 6 ? 7 : 4;
  double values[kSize], squared = 0;
  bool finite = true;
  for (int k = 0; k < kSize; ++k) {
    values[k] = LoadAt<double>(tensor, object, k);
    finite = finite && std::isfinite(static_cast<T>(values[k]));
    if (k >= 3) squared += values[k] * values[k];
  }
  if (!finite) return false;
  if (kDof == 6 && (!(squared > 0) || !std::isfinite(squared))) return false;
  for (int k = 0; k < kSize; ++k) {
    const double scale = kDof == 6 && k >= 3 ? std::sqrt(squared) : 1;
    pose[k] = static_cast<T>(values[k] / scale);
  }
  return true;
}

// (B, S, ...) as (S, ...) of one object, whose row s is then LoadPose's.
PROPNP_HOST_DEVICE inline propnp_tensor RowsOfObject(const propnp_tensor& tensor, int64_t object) {
  propnp_tensor rows = tensor;
  const int64_t size = tensor.dtype == PROPNP_FLOAT32 ? sizeof(float) : sizeof(double);
  rows.data = static_cast<char*>(tensor.data) + object * tensor.stride[0] * size;
  rows.ndim = tensor.ndim - 1;
  for (int k = 0; k < 3; ++k) {
    rows.shape[k] = tensor.shape[k + 1];
    rows.stride[k] = tensor.stride[k + 1];
  }
  return rows;
}

// What a failed object reports: no rotation, one unit in front of the camera.
template <int kDof, typename T>
PROPNP_HOST_DEVICE void SetNeutralPose(T* pose) {
  for (int k = 0; k < 7; ++k) pose[k] = T(0);
  pose[2] = T(1);
  if (kDof == 6) pose[3] = T(1);
}

}  // namespace propnp

#endif  // PROPNP_ENGINE_LOAD_POSE_H_
