// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// What BOP's CSV and JSON files share.
#ifndef PROPNP_IO_BOP_INTERNAL_H_
#define PROPNP_IO_BOP_INTERNAL_H_

#include "propnp/io/bop.h"

namespace propnp::io::bop {

// Sets both rotations from the file's digits; false when they are no rotation.
bool SetRotation(const Matrix3& in_file, BopPose* pose);

constexpr char kNotARotation[] = "is not a rotation matrix (R^T R differs from I by more than 0.1)";

// The digits to write for the pose's rotation.
Matrix3 RotationToWrite(const BopPose& pose);

}  // namespace propnp::io::bop

#endif  // PROPNP_IO_BOP_INTERNAL_H_
