// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/tensor_view.h"

#include <algorithm>

namespace propnp::internal {
namespace {

std::string Join(const int64_t* extents, int count) {
  std::string text = "(";
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    text += extents[i] == TensorView::kAny ? "any" : std::to_string(extents[i]);
  }
  return text + ")";
}

bool HasType(TensorView::Type type, int32_t dtype) {
  switch (type) {
    case TensorView::Type::kFloat:
      return dtype == PROPNP_FLOAT32 || dtype == PROPNP_FLOAT64;
    case TensorView::Type::kInt32:
      return dtype == PROPNP_INT32;
    default:
      return dtype == PROPNP_INT64;
  }
}

const char* TypeName(TensorView::Type type) {
  if (type == TensorView::Type::kFloat) return "float32 or float64";
  return type == TensorView::Type::kInt32 ? "int32" : "int64";
}

}  // namespace

std::string TensorView::ShapeText() const {
  if (!given()) return "(not given)";
  return Join(tensor_.shape, std::clamp(tensor_.ndim, 0, 4));
}

bool TensorView::Check(Type type, std::initializer_list<int64_t> shape, std::string* error) const {
  const int count = static_cast<int>(shape.size());
  const std::string expected = Join(shape.begin(), count);
  const auto fail = [&](const std::string& problem) {
    if (error != nullptr) *error = std::string(name_) + problem;
    return false;
  };
  if (!given()) return fail(" is not given, expected shape " + expected);
  if (!HasType(type, tensor_.dtype)) {
    return fail(" has dtype " + std::to_string(tensor_.dtype) + ", expected " + TypeName(type));
  }
  bool fits = tensor_.ndim == count;
  for (int i = 0; fits && i < count; ++i) {
    const int64_t wanted = shape.begin()[i];
    fits = tensor_.shape[i] >= 0 && (wanted == kAny || tensor_.shape[i] == wanted);
  }
  return fits || fail(" has shape " + ShapeText() + ", expected " + expected);
}

}  // namespace propnp::internal
