// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/engine/object_symmetries.h"

#include <string>

namespace propnp {
namespace {

using symmetries_detail::NumClasses;

Status Bad(const char* field, int64_t row, const char* what) {
  return Status::InvalidArgument(std::string("symmetries.") + field + "[" + std::to_string(row) +
                                 "] " + what);
}

Status CheckShapes(const Problem& problem, const propnp_symmetries& s) {
  if (!IsGiven(s.rotation) && !IsGiven(s.axis)) {
    return Status::InvalidArgument("symmetries has neither rotation nor axis");
  }
  PROPNP_RETURN_IF_ERROR(CheckTensor("symmetries.rotation", s.rotation, {-1, 4}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("symmetries.offsets", s.offsets, {-1}, true, PROPNP_INT64));
  if (IsGiven(s.offsets) && s.offsets.shape[0] == 0) {
    return Status::InvalidArgument("symmetries.offsets is empty");
  }
  const int64_t classes = NumClasses(s);
  PROPNP_RETURN_IF_ERROR(CheckTensor("symmetries.axis", s.axis, {classes, 3}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("symmetries.centre", s.centre, {classes, 3}, true));
  PROPNP_RETURN_IF_ERROR(CheckTensor("symmetries.object_class", s.object_class,
                                     {problem.num_objects}, true, PROPNP_INT32));
  if (!IsGiven(s.object_class) && classes < 1) {
    return Status::InvalidArgument("symmetries.object_class is missing: there is no class 0");
  }
  return Status();
}

Status CheckOffsets(const propnp_symmetries& s) {
  const int64_t rotations = IsGiven(s.rotation) ? s.rotation.shape[0] : 0;
  int64_t last = 0;
  for (int64_t k = 0; IsGiven(s.offsets) && k < s.offsets.shape[0]; ++k) {
    const int64_t offset = LoadAt<int64_t>(s.offsets, k);
    if (offset < last || offset > rotations || (k == 0 && offset != 0)) {
      return Bad("offsets", k,
                 "is out of order: they start at 0, never decrease and end within "
                 "the rotations");
    }
    last = offset;
  }
  return Status();
}

Status CheckNumbers(const Problem& problem, const propnp_symmetries& s) {
  for (int64_t i = 0; IsGiven(s.object_class) && i < problem.num_objects; ++i) {
    const int64_t k = LoadAt<int64_t>(s.object_class, i);
    if (k < -1 || k >= NumClasses(s)) return Bad("object_class", i, "is no class");
  }
  for (int64_t row = 0; IsGiven(s.rotation) && row < s.rotation.shape[0]; ++row) {
    if (!symmetries_detail::IsRotation(s.rotation, row)) {
      return Bad("rotation", row, "is no rotation");
    }
  }
  for (const auto& [name, tensor] : {std::pair("axis", &s.axis), {"centre", &s.centre}}) {
    for (int64_t row = 0; IsGiven(*tensor) && row < tensor->shape[0]; ++row) {
      if (!symmetries_detail::IsFinite(*tensor, row)) return Bad(name, row, "is not finite");
    }
  }
  return Status();
}

}  // namespace

Status CheckSymmetries(const Problem& problem, const propnp_symmetries* symmetries) {
  if (!symmetries) return Status();
  const propnp_symmetries& s = *symmetries;
  if (s.struct_size < sizeof(propnp_symmetries)) {
    return Status::InvalidArgument("symmetries.struct_size is " + std::to_string(s.struct_size) +
                                   ", expected at least " +
                                   std::to_string(sizeof(propnp_symmetries)));
  }
  PROPNP_RETURN_IF_ERROR(CheckShapes(problem, s));
  if (!problem.readable) return Status();
  PROPNP_RETURN_IF_ERROR(CheckOffsets(s));
  return CheckNumbers(problem, s);
}

}  // namespace propnp
