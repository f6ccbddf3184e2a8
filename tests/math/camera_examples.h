// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Cameras with and without a fold in their distortion, for every test that goes over all models.
#ifndef PROPNP_TESTS_MATH_CAMERA_EXAMPLES_H_
#define PROPNP_TESTS_MATH_CAMERA_EXAMPLES_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "propnp/math/camera.h"

namespace propnp::test {

using CameraModels = ::testing::Types<PinholeModel, SimpleRadialModel, OpenCvModel, FisheyeModel>;

struct ModelNames {
  template <typename Model>
  static std::string GetName(int) {
    return Model::template Camera<double>::kName;
  }
};

// Parameters of example cameras of a model.
template <typename Model>
std::vector<std::vector<double>> ExampleParameters() {
  switch (Model::template Camera<double>::kModel) {
    case PinholeCamera<double>::kModel:
      return {{620, 610, 322, 238, 0.7}, {500, 700, 10, -20, -30}};
    case SimpleRadialCamera<double>::kModel:
      return {{500, 320, 240, 0, 0},         // no distortion
              {510, 322, 238, -0.3, 0.02},   // folds
              {520, 310, 250, 0.1, 0.01},    // never folds
              {530, 310, 250, 0.2, -0.05}};  // folds far out
    case OpenCvCamera<double>::kModel:
      return {{536, 537, 342, 235, 0, 0, 0, 0, 0, 0, 0, 0},
              {536, 537, 342, 235, -0.26, -0.04, 0.002, -0.003, 0.25, 0, 0, 0},  // folds
              {540, 530, 330, 240, -0.3, 0.05, -0.001, 0.004, -0.01, 0, 0, 0},   // folds
              {900, 905, 640, 360, 0.9, 0.3, 0.001, 0.0005, 0.02, 1.2, 0.5, 0.06},
              {900, 905, 640, 360, 0.1, 0.02, 0.001, -0.002, 0.01, -0.5, 0.03, 0.01}};  // pole
    default:
      return {{285, 286, 420, 400, 0, 0, 0, 0},
              {285, 286, 420, 400, -0.008, 0.043, -0.04, 0.008},
              {300, 310, 400, 390, -0.09, 0.01, -0.002, 0.0001}};  // folds before 180 degrees
  }
}

template <typename Model, typename S>
typename Model::template Camera<S> MakeCamera(const std::vector<S>& parameters, double limit) {
  return Model::template Camera<S>::from_parameters(parameters.data(), constant<S>(limit));
}

template <typename Model>
double MonotoneLimit(const std::vector<double>& parameters) {
  return Model::template Camera<double>::monotone_limit(parameters.data());
}

}  // namespace propnp::test

#endif  // PROPNP_TESTS_MATH_CAMERA_EXAMPLES_H_
