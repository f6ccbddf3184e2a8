// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The cases of golden/epropnp_golden.json: values computed with the published EPro-PnP
// implementation. The cases are taken as they come: nothing is keyed on a case's name or number.
#ifndef PROPNP_TESTS_MATH_GOLDEN_OBJECTS_H_
#define PROPNP_TESTS_MATH_GOLDEN_OBJECTS_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "propnp/math/adaptive_delta.h"
#include "propnp/math/pose.h"
#include "propnp/math/residual.h"
#include "tests/test_data.h"

namespace propnp::test {

using nlohmann::json;

// One object of a case, its inputs flat: x3d (N,3), x2d (N,2), w2d (N,2).
struct Object {
  std::vector<double> x3d, x2d, w2d;
  std::vector<double> camera;  // fx fy cx cy skew
  PixelBox<double> box;
  double z_min;
  std::optional<double> relative_delta;  // of the adaptive Huber loss
  double fixed_delta;                    // as the file gives it

  size_t num_points() const { return x3d.size() / 3; }
};

inline std::vector<double> Flatten(const json& array) {
  std::vector<double> flat;
  for (const json& entry : array) {
    if (entry.is_array()) {
      for (const double value : Flatten(entry)) flat.push_back(value);
    } else {
      flat.push_back(entry.get<double>());
    }
  }
  return flat;
}

inline Object ReadObject(const json& a_case, size_t index) {
  Object object;
  object.x3d = Flatten(a_case["x3d"][index]);
  object.x2d = Flatten(a_case["x2d"][index]);
  object.w2d = Flatten(a_case["w2d"][index]);
  const std::vector<double> k = Flatten(a_case["K"][index]);
  object.camera = {k[0], k[4], k[2], k[5], k[1]};
  object.z_min = a_case["z_min"];
  if (!a_case["lb"].is_null()) {
    const std::vector<double> low = Flatten(a_case["lb"][index]);
    const std::vector<double> high = Flatten(a_case["ub"][index]);
    object.box = {true, {low[0], low[1]}, {high[0], high[1]}};
  }
  if (!a_case["adaptive_relative_delta"].is_null()) {
    object.relative_delta = a_case["adaptive_relative_delta"].get<double>();
  }
  object.fixed_delta = a_case["delta"][index];
  return object;
}

inline const json& GoldenFile() {
  static const json* const file = [] {
    const auto path = FindTestData("golden/epropnp_golden.json");
    if (!path) return new json();
    std::ifstream stream(*path);
    return new json(json::parse(stream));
  }();
  return *file;
}

// Calls check(dof, a_case, index, object) for each object of each case; every failure names both.
template <typename Check>
void ForEachObject(const Check& check) {
  const json& file = GoldenFile();
  ASSERT_FALSE(file.is_null()) << "golden/epropnp_golden.json is missing from the test data";
  int checked = 0;
  for (const json& a_case : file["cases"]) {
    for (size_t index = 0; index < a_case["x3d"].size(); ++index, ++checked) {
      SCOPED_TRACE(a_case["name"].get<std::string>() + " object " + std::to_string(index));
      const Object object = ReadObject(a_case, index);
      ASSERT_TRUE(a_case["dof"] == 6 || a_case["dof"] == 4);
      if (a_case["dof"] == 6) {
        check(SixDof<double>(), a_case, index, object);
      } else {
        check(FourDof<double>(), a_case, index, object);
      }
    }
  }
  EXPECT_GT(checked, 0);
}

template <typename S>
ViewModel<PinholeCamera<S>, S> MakeModel(const Object& object) {
  const std::vector<S> parameters(object.camera.begin(), object.camera.end());
  const PixelBox<double>& b = object.box;
  return {PinholeCamera<S>::from_parameters(parameters.data(), S(0)),
          {b.active, {S(b.low.x), S(b.low.y)}, {S(b.high.x), S(b.high.y)}},
          S(object.z_min)};
}

inline AdaptiveDelta<double> MakeAdaptiveDelta(const Object& object) {
  AdaptiveDelta<double> adaptive({object.x2d[0], object.x2d[1]});
  for (size_t i = 0; i < object.num_points(); ++i) {
    adaptive.add({object.x2d[2 * i], object.x2d[2 * i + 1]},
                 DiagonalWeight<double>{object.w2d[2 * i], object.w2d[2 * i + 1]});
  }
  return adaptive;
}

inline RobustLoss<double> MakeLoss(const Object& object) {
  const double delta = object.relative_delta
                           ? MakeAdaptiveDelta(object).value(*object.relative_delta)
                           : object.fixed_delta;
  return {LossKind::kHuber, delta};
}

// Residuals and Jacobian rows of all points, scaled by sqrt(rho'(s) / s), clamped rows dropped.
template <template <typename> class Dof, typename S>
void RobustifiedRows(const Object& object, const RobustLoss<S>& loss, const std::vector<S>& x3d,
                     const std::vector<S>& x2d, const std::vector<S>& w2d,
                     const std::vector<S>& pose, std::vector<S>* residual,
                     std::vector<S>* jacobian) {
  const Dof<S> dof;
  const auto model = MakeModel<S>(object);
  const RigidTransform<S> cam_from_object = dof.transform(pose.data());
  for (size_t i = 0; i < object.num_points(); ++i) {
    const Vec3<S> rotated =
        cam_from_object.rotation * Vec3<S>{x3d[3 * i], x3d[3 * i + 1], x3d[3 * i + 2]};
    const PointResidual<S> r = residual_with_jacobian(
        model, rotated + cam_from_object.translation, Vec2<S>{x2d[2 * i], x2d[2 * i + 1]},
        DiagonalWeight<S>{w2d[2 * i], w2d[2 * i + 1]}, ClampedRows::kDrop);
    const S scale = sqrt(loss.evaluate(dot(r.e, r.e)).weight);
    S rows[2][dof.kTangent];
    dof.tangent_row(scale * r.x_gradient, rotated, rows[0]);
    dof.tangent_row(scale * r.y_gradient, rotated, rows[1]);
    residual->push_back(scale * r.e.x);
    residual->push_back(scale * r.e.y);
    jacobian->insert(jacobian->end(), &rows[0][0], &rows[0][0] + 2 * dof.kTangent);
  }
}

// Within `tolerance` of the largest value of its kind.
inline void ExpectAllNear(const std::vector<double>& actual, const std::vector<double>& expected,
                          double tolerance, const char* what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], tolerance * std::max(1.0, largest)) << what << " " << i;
  }
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_MATH_GOLDEN_OBJECTS_H_
