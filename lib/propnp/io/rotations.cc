// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/rotations.h"

#include <algorithm>
#include <cmath>

namespace propnp::io {
namespace {

// A normalised quaternion has |q|^2 within a few ulp of 1.
constexpr double kUnitTolerance = 4e-15;
// Newton's iteration reaches about 3e-16; what it has reached once must count as reached.
constexpr double kOrthonormalTolerance = 2e-15;
constexpr int kMaxPolarIterations = 20;

double Determinant(const Matrix3& m) {
  return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
         m[2] * (m[3] * m[7] - m[4] * m[6]);
}

// The transposed inverse times the determinant.
Matrix3 Cofactors(const Matrix3& m) {
  return {m[4] * m[8] - m[5] * m[7], m[5] * m[6] - m[3] * m[8], m[3] * m[7] - m[4] * m[6],
          m[2] * m[7] - m[1] * m[8], m[0] * m[8] - m[2] * m[6], m[1] * m[6] - m[0] * m[7],
          m[1] * m[5] - m[2] * m[4], m[2] * m[3] - m[0] * m[5], m[0] * m[4] - m[1] * m[3]};
}

}  // namespace

Pose MakePose(const Quaternion& q, const Vector3& t) {
  return {t[0], t[1], t[2], q[0], q[1], q[2], q[3]};
}

Quaternion PoseRotation(const Pose& pose) { return {pose[3], pose[4], pose[5], pose[6]}; }

Vector3 PoseTranslation(const Pose& pose) { return {pose[0], pose[1], pose[2]}; }

bool NormalizeQuaternion(Quaternion* q) {
  // Scaled by the largest element first: squares of huge or tiny numbers leave the range.
  double largest = 0;
  for (const double element : *q) largest = std::max(largest, std::abs(element));
  if (!(largest > 0) || !std::isfinite(largest)) return false;
  double squared = 0;
  for (const double element : *q) squared += (element / largest) * (element / largest);
  if (!std::isfinite(squared)) return false;  // an element that is not a number
  if (std::abs(largest * largest * squared - 1) <= kUnitTolerance) return true;
  const double scale = 1 / std::sqrt(squared);
  for (double& element : *q) element = element / largest * scale;
  return true;
}

Quaternion MultiplyQuaternions(const Quaternion& a, const Quaternion& b) {
  return {a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
          a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
          a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
          a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0]};
}

Quaternion ConjugateQuaternion(const Quaternion& q) { return {q[0], -q[1], -q[2], -q[3]}; }

Vector3 Rotate(const Quaternion& q, const Vector3& p) {
  const Matrix3 m = MatrixFromQuaternion(q);
  return {m[0] * p[0] + m[1] * p[1] + m[2] * p[2], m[3] * p[0] + m[4] * p[1] + m[5] * p[2],
          m[6] * p[0] + m[7] * p[1] + m[8] * p[2]};
}

Pose ComposePoses(const Pose& a_from_b, const Pose& b_from_c) {
  const Vector3 t = Rotate(PoseRotation(a_from_b), PoseTranslation(b_from_c));
  Quaternion q = MultiplyQuaternions(PoseRotation(a_from_b), PoseRotation(b_from_c));
  NormalizeQuaternion(&q);
  return MakePose(q, {t[0] + a_from_b[0], t[1] + a_from_b[1], t[2] + a_from_b[2]});
}

Pose InversePose(const Pose& a_from_b) {
  const Quaternion q = ConjugateQuaternion(PoseRotation(a_from_b));
  const Vector3 t = Rotate(q, PoseTranslation(a_from_b));
  return MakePose(q, {-t[0], -t[1], -t[2]});
}

Matrix3 MatrixFromQuaternion(const Quaternion& q) {
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  return {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
          2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
          2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
}

// S. W. Shepperd, "Quaternion from rotation matrix", 1978: divide by the largest element only.
Quaternion QuaternionFromMatrix(const Matrix3& m) {
  const std::array<double, 4> squares4 = {1 + m[0] + m[4] + m[8], 1 + m[0] - m[4] - m[8],
                                          1 - m[0] + m[4] - m[8], 1 - m[0] - m[4] + m[8]};
  const auto largest = std::max_element(squares4.begin(), squares4.end()) - squares4.begin();
  Quaternion q;
  if (largest == 0) {
    q = {squares4[0], m[7] - m[5], m[2] - m[6], m[3] - m[1]};
  } else if (largest == 1) {
    q = {m[7] - m[5], squares4[1], m[1] + m[3], m[2] + m[6]};
  } else if (largest == 2) {
    q = {m[2] - m[6], m[1] + m[3], squares4[2], m[5] + m[7]};
  } else {
    q = {m[3] - m[1], m[2] + m[6], m[5] + m[7], squares4[3]};
  }
  NormalizeQuaternion(&q);
  if (q[0] < 0) q = {-q[0], -q[1], -q[2], -q[3]};
  return q;
}

Quaternion QuaternionFromAngleAxis(const Vector3& v) {
  const double angle = std::hypot(v[0], v[1], v[2]);
  // sin(angle / 2) / angle; its series has no cubic term to speak of below 1e-8.
  const double scale = angle > 1e-8 ? std::sin(angle / 2) / angle : 0.5;
  Quaternion q = {std::cos(angle / 2), scale * v[0], scale * v[1], scale * v[2]};
  NormalizeQuaternion(&q);
  return q;
}

Vector3 AngleAxisFromQuaternion(const Quaternion& q) {
  const double sine = std::hypot(q[1], q[2], q[3]);
  const double sign = q[0] < 0 ? -1 : 1;  // q and -q are one rotation: take the shorter way
  const double scale = sine > 1e-8 ? 2 * std::atan2(sine, sign * q[0]) / sine : 2;
  return {sign * scale * q[1], sign * scale * q[2], sign * scale * q[3]};
}

double OrthonormalityError(const Matrix3& m) {
  double error = 0;
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      const double dot = m[i] * m[j] + m[3 + i] * m[3 + j] + m[6 + i] * m[6 + j];
      error = std::max(error, std::abs(dot - (i == j ? 1 : 0)));
    }
  }
  return error;
}

bool ProjectToRotation(double tolerance, Matrix3* matrix) {
  const double error = OrthonormalityError(*matrix);
  if (!(error <= tolerance) || !(Determinant(*matrix) > 0)) return false;
  Matrix3 rotation = *matrix;
  for (int i = 0; i < kMaxPolarIterations; ++i) {
    if (OrthonormalityError(rotation) <= kOrthonormalTolerance) break;
    const Matrix3 cofactors = Cofactors(rotation);
    const double determinant = Determinant(rotation);
    for (int k = 0; k < 9; ++k) rotation[k] = 0.5 * (rotation[k] + cofactors[k] / determinant);
  }
  *matrix = rotation;
  return true;
}

}  // namespace propnp::io
