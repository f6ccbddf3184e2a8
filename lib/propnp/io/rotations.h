// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The few rotations and rigid motions that file formats need.
//
// A quaternion is (w, x, y, z), Hamilton; a matrix is 9 doubles, row by row; a pose is
// [tx ty tz qw qx qy qz] with point_in_a = R point_in_b + t for `a_from_b`.
#ifndef PROPNP_IO_ROTATIONS_H_
#define PROPNP_IO_ROTATIONS_H_

#include <array>

namespace propnp::io {

using Vector3 = std::array<double, 3>;
using Quaternion = std::array<double, 4>;
using Matrix3 = std::array<double, 9>;
using Pose = std::array<double, 7>;

constexpr Pose kIdentityPose = {0, 0, 0, 1, 0, 0, 0};

Pose MakePose(const Quaternion& q, const Vector3& t);
Quaternion PoseRotation(const Pose& pose);
Vector3 PoseTranslation(const Pose& pose);

// Scales q to unit length and returns true; false when its length is 0 or not finite. A quaternion
// that is already unit to rounding keeps its bits, so that normalising twice is normalising once.
bool NormalizeQuaternion(Quaternion* q);

Quaternion MultiplyQuaternions(const Quaternion& a, const Quaternion& b);
Quaternion ConjugateQuaternion(const Quaternion& q);
Vector3 Rotate(const Quaternion& q, const Vector3& point);

// a_from_c of a_from_b and b_from_c.
Pose ComposePoses(const Pose& a_from_b, const Pose& b_from_c);
Pose InversePose(const Pose& a_from_b);

Matrix3 MatrixFromQuaternion(const Quaternion& q);
// The matrix must be a rotation. The sign is chosen so that w >= 0.
Quaternion QuaternionFromMatrix(const Matrix3& m);

// Axis times angle in radians; back it is the shorter way, at most pi.
Quaternion QuaternionFromAngleAxis(const Vector3& v);
Vector3 AngleAxisFromQuaternion(const Quaternion& q);

// The largest element of |R^T R - I|.
double OrthonormalityError(const Matrix3& matrix);

// Replaces the matrix by the rotation nearest to it in the Frobenius norm, its polar factor, found
// by Newton's iteration (N. J. Higham, "Computing the polar decomposition", 1986, eq. 3.1). One
// that is orthonormal to rounding keeps its bits. False, and unchanged, when no rotation is near:
// the error above exceeds `tolerance` or the determinant is not positive.
bool ProjectToRotation(double tolerance, Matrix3* matrix);

}  // namespace propnp::io

#endif  // PROPNP_IO_ROTATIONS_H_
