// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/evidence_file.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "benchmarks/json_fields.h"
#include "propnp/math/translation_prior.h"

namespace propnp::bench {
namespace {

constexpr double kUnit = 1e-6;  // how far from one or orthogonal a unit vector or rotation may be

double Norm(const double* values, size_t count) {
  return Eigen::Map<const Eigen::VectorXd>(values, count).norm();
}

void ReadPoints(const JsonFields& fields, EvidenceProblem* p) {
  const int64_t n = p->num_points = fields.Length("x3d");
  fields.Require(n > 0, "x3d", "has no points");
  p->x3d = fields.Numbers("x3d", {n, 3});
  p->x2d = fields.Numbers("x2d", {n, 2});
  if (fields.Has("sqrt_info")) {
    p->sqrt_info = fields.Numbers("sqrt_info", {n, 2, 2});
  } else {
    p->w2d = fields.Numbers("w2d", {n, 2});
    fields.Require(std::all_of(p->w2d.begin(), p->w2d.end(), [](double w) { return w >= 0; }),
                   "w2d", "has a negative weight");
  }
}

// K as fx, fy, cx, cy.
void ReadIntrinsics(const JsonFields& camera, bool may_skew, EvidenceProblem* p) {
  const std::vector<double> k = camera.Numbers("K", {3, 3});
  const bool upper = k[3] == 0 && k[6] == 0 && k[7] == 0 && k[8] == 1;
  camera.Require(upper && k[0] != 0 && k[4] != 0, "K", "is not [fx s cx; 0 fy cy; 0 0 1]");
  camera.Require(may_skew || k[1] == 0, "K", "has skew, which only the pinhole model has");
  p->camera_parameters[0] = k[0], p->camera_parameters[1] = k[4];
  p->camera_parameters[2] = k[2], p->camera_parameters[3] = k[5];
  if (may_skew) p->camera_parameters[4] = k[1];
}

void ReadCamera(const JsonFields& camera, EvidenceProblem* p) {
  const std::string model = camera.Text("model");
  int64_t distortion_size = 0;
  if (model == "pinhole") {
    p->camera_model = PROPNP_CAMERA_PINHOLE;
  } else if (model == "opencv") {
    p->camera_model = PROPNP_CAMERA_OPENCV;
    distortion_size = 5;
  } else if (model == "fisheye") {
    p->camera_model = PROPNP_CAMERA_FISHEYE;
    distortion_size = 4;
  } else {
    camera.Fail("model", "is '" + model + "', expected pinhole, opencv or fisheye");
  }
  ReadIntrinsics(camera, /*may_skew=*/p->camera_model == PROPNP_CAMERA_PINHOLE, p);
  const std::vector<double> distortion = camera.Numbers("distortion", {distortion_size});
  std::copy(distortion.begin(), distortion.end(), p->camera_parameters.begin() + 4);
}

void ReadLoss(const JsonFields& loss, EvidenceProblem* p) {
  const std::string kind = loss.Text("kind");
  if (kind == "none") return;
  p->loss = kind == "huber" ? PROPNP_LOSS_HUBER : PROPNP_LOSS_CAUCHY;
  loss.Require(kind == "huber" || kind == "cauchy", "kind",
               "is '" + kind + "', expected none, huber or cauchy");
  p->delta = loss.Number("delta");
  loss.Require(p->delta > 0, "delta", "is not positive");
}

std::array<double, 4> ReadBaseRotation(const JsonFields& fields) {
  const std::vector<double> r = fields.Numbers("base_rotation", {3, 3});
  const Eigen::Matrix3d rotation =
      Eigen::Map<const Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(r.data());
  const double defect = (rotation * rotation.transpose() - Eigen::Matrix3d::Identity()).norm();
  fields.Require(defect < kUnit && rotation.determinant() > 0, "base_rotation",
                 "is not a rotation matrix");
  const Eigen::Quaterniond q(rotation);
  return {q.w(), q.x(), q.y(), q.z()};
}

std::vector<double> ReadPose(const JsonFields& fields, const std::string& name, int32_t dof) {
  const std::vector<double> pose = fields.Numbers(name, {dof == 6 ? 7 : 4});
  fields.Require(dof == 4 || std::fabs(Norm(&pose[3], 4) - 1) < kUnit, name,
                 "has a quaternion that is not of unit length");
  return pose;
}

void ReadPoseSpace(const JsonFields& fields, EvidenceProblem* p) {
  const int64_t dof = fields.Integer("dof");
  fields.Require(dof == 6 || dof == 4, "dof", "is neither 6 nor 4");
  p->dof = static_cast<int32_t>(dof);
  if (dof == 4) {
    const std::vector<double> axis = fields.Numbers("yaw_axis", {3});
    fields.Require(std::fabs(Norm(axis.data(), 3) - 1) < kUnit, "yaw_axis",
                   "is not of unit length");
    std::copy(axis.begin(), axis.end(), p->yaw_axis.begin());
    p->base_rotation = ReadBaseRotation(fields);
  }
  p->pose_true = ReadPose(fields, "pose_true", p->dof);
}

void ReadPrior(const JsonFields& prior, EvidenceProblem* p) {
  const std::string kind = prior.Text("kind");
  prior.Require(kind == "log_depth_gaussian", "kind",
                "is '" + kind + "', expected log_depth_gaussian");
  p->prior_mean = prior.Numbers("mean", {3});
  prior.Require(prior.Has("sigma") != prior.Has("covariance"), "sigma",
                "or covariance is expected, one of them");
  if (prior.Has("covariance")) {
    p->prior_covariance = prior.Numbers("covariance", {3, 3});
    LogDepthPrior<double> density;
    prior.Require(density.set_covariance(p->prior_mean.data(), p->prior_covariance.data()),
                  "covariance", "is not symmetric and positive definite");
    return;
  }
  const std::vector<double> sigma = prior.Numbers("sigma", {3});
  prior.Require(std::all_of(sigma.begin(), sigma.end(), [](double s) { return s > 0; }), "sigma",
                "is not positive");
  p->prior_covariance.resize(9);
  for (size_t k = 0; k < 3; ++k) p->prior_covariance[4 * k] = sigma[k] * sigma[k];
}

void ReadTruth(const JsonFields& fields, EvidenceProblem* p) {
  p->log_evidence = fields.Number("log_evidence");
  p->standard_error = fields.Number("standard_error");
  fields.Require(p->standard_error >= 0, "standard_error", "is negative");
  p->modes_reliable = fields.Boolean("modes_reliable");
  for (const JsonFields& mode : fields.Objects("modes")) {
    p->mode_pose.push_back(ReadPose(mode, "pose", p->dof));
    const double probability = mode.Number("probability");
    mode.Require(probability >= 0 && probability <= 1, "probability", "is not within 0 and 1");
    p->mode_probability.push_back(probability);
  }
  const JsonFields gradient = fields.Object("gradient");
  const int64_t n = p->num_points;
  p->grad_x3d = gradient.Numbers("x3d", {n, 3});
  p->grad_x2d = gradient.Numbers("x2d", {n, 2});
  p->grad_weight =
      p->w2d.empty() ? gradient.Numbers("sqrt_info", {n, 2, 2}) : gradient.Numbers("w2d", {n, 2});
  // Errors are measured against their norms.
  const auto require_nonzero = [&](const std::string& name, const std::vector<double>& values) {
    gradient.Require(Norm(values.data(), values.size()) > 0, name, "is zero");
  };
  require_nonzero("x3d", p->grad_x3d);
  require_nonzero("x2d", p->grad_x2d);
  require_nonzero(p->w2d.empty() ? "sqrt_info" : "w2d", p->grad_weight);
}

EvidenceProblem ReadProblem(const JsonFields& fields) {
  EvidenceProblem p;
  p.name = fields.Text("name");
  p.family = fields.Text("family");
  ReadPoints(fields, &p);
  ReadCamera(fields.Object("camera"), &p);
  ReadLoss(fields.Object("loss"), &p);
  p.z_min = fields.Number("z_min");
  fields.Require(p.z_min > 0, "z_min", "is not positive");
  ReadPoseSpace(fields, &p);
  if (fields.Has("prior")) ReadPrior(fields.Object("prior"), &p);
  ReadTruth(fields, &p);
  return p;
}

}  // namespace

std::vector<EvidenceProblem> ReadEvidenceFile(const std::string& path) {
  const nlohmann::json file = ReadJsonFile(path);
  std::vector<EvidenceProblem> problems;
  for (const JsonFields& fields : JsonFields(file, path).Objects("problems")) {
    const std::string where = path + ": problem '" + fields.Text("name") + "'";
    problems.push_back(ReadProblem(fields.Renamed(where)));
  }
  if (problems.empty()) throw std::runtime_error(path + ": field 'problems' is empty");
  return problems;
}

}  // namespace propnp::bench
