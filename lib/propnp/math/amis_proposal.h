// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The proposals of adaptive multiple importance sampling as EPro-PnP has them (H. Chen, P. Wang,
// F. Wang, W. Tian, L. Xiong, H. Li, CVPR 2022, supplement A; the adaptation follows J.-M. Cornuet,
// J.-M. Marin, A. Mira, C. Robert, 2012), kept for comparison and for the drop-in layer:
//
//   6DoF  t ~ Student t of 3 degrees, q ~ angular central Gaussian, independent
//   4DoF  t ~ Student t of 3 degrees, yaw ~ 3/4 von Mises + 1/4 uniform, independent
//
// First fit, from the pose and its covariance C (ours, full angle): the shape of t is C_t. With
// Q = [(0, e_i) q] (4x3, orthonormal columns, all orthogonal to q) and C_theta of full angle, the
// Gaussian's matrix is
//
//   Lambda_0 = (4 Q C_theta^-1 Q^T + I)^-1 = q q^T + Q (C_theta + 4 I)^-1 C_theta Q^T
//   Lambda = Lambda_0 / tr Lambda_0,   dispersed: Lambda + .001 det(Lambda)^(1/4) I
//
// where the layer's own half-angle tangent gives the factor 4; kappa = .33 / max(C_yaw, 1e-5).
//
// Refit, from samples of normalised weights w: mean and covariance of t; Tyler's fixed point (Tyler
// 1987, eq. 2), Lambda <- sum_j w'_j q_j q_j^T + 1e-5 I with w'_j proportional to
// w_j / max(q_j^T Lambda^-1 q_j, 1e-5), three times from I, dispersed as above; the mean direction
// and resultant length r of yaw, kappa = .33 max(r, 1e-5) (2 - r^2) / max(1 - r^2, 1e-5).
//
// A shape that is not positive definite falls back to the layer's default, and the fit says so.
#ifndef PROPNP_MATH_AMIS_PROPOSAL_H_
#define PROPNP_MATH_AMIS_PROPOSAL_H_

#include "propnp/math/angular_central_gaussian.h"
#include "propnp/math/pose.h"
#include "propnp/math/student_t.h"
#include "propnp/math/von_mises.h"

PROPNP_MATH_BEGIN

constexpr int kAmisRotationIterations = 3;
constexpr double kAmisDispersion = 0.001;
constexpr double kAmisEpsilon = 1e-5;
constexpr double kAmisConcentration = 0.33;

// weights = exp(log_weights) / sum; false, and equal weights, if the sum is zero or not finite.
template <typename S>
PROPNP_HOST_DEVICE inline bool normalize_log_weights(const S* log_weights, int64_t count,
                                                     S* weights) {
  S highest = log_weights[0];
  for (int64_t j = 1; j < count; ++j) highest = max(highest, log_weights[j]);
  S sum = S(0);
  for (int64_t j = 0; j < count; ++j) sum += weights[j] = exp(log_weights[j] - highest);
  const bool valid = sum > S(0) && sum - sum == S(0);
  for (int64_t j = 0; j < count; ++j) weights[j] = valid ? weights[j] / sum : S(1) / S(count);
  return valid;
}

// The translation of both proposals.
template <typename S>
class AmisTranslation {
 public:
  // `covariance` 3x3 row-major; false if the default diag(1, 1, default_depth^2) had to serve.
  PROPNP_HOST_DEVICE bool set(const S* mode, const S* covariance, S default_depth) {
    for (int i = 0; i < 3; ++i) mode_[i] = mode[i];
    const bool definite = scale_.factorize(covariance);
    if (!definite) {
      const S substitute[9] = {1, 0, 0, 0, 1, 0, 0, 0, default_depth * default_depth};
      scale_.factorize(substitute);
    }
    log_determinant_ = scale_.log_determinant();
    return definite;
  }

  // Poses begin with the translation and are `stride` numbers apart.
  PROPNP_HOST_DEVICE bool refit(const S* poses, int stride, const S* weights, int64_t count,
                                S default_depth) {
    S mean[3] = {}, covariance[9] = {};
    for (int64_t j = 0; j < count; ++j) {
      for (int i = 0; i < 3; ++i) mean[i] += weights[j] * poses[j * stride + i];
    }
    for (int64_t j = 0; j < count; ++j) {
      S d[3];
      for (int i = 0; i < 3; ++i) d[i] = poses[j * stride + i] - mean[i];
      for (int i = 0; i < 9; ++i) covariance[i] += weights[j] * d[i / 3] * d[i % 3];
    }
    return set(mean, covariance, default_depth);
  }

  PROPNP_HOST_DEVICE S log_density(const S* translation) const {
    S white[3];
    for (int i = 0; i < 3; ++i) white[i] = translation[i] - mode_[i];
    scale_.solve_lower(white, white);
    const S squared = white[0] * white[0] + white[1] * white[1] + white[2] * white[2];
    return student_t_log_density<3, 3>(squared, log_determinant_);
  }

  // From three standard normals and a chi-square number of 3 degrees.
  PROPNP_HOST_DEVICE void sample(const S* normal, const S& chi_square_3, S* translation) const {
    const S stretch = sqrt(S(3) / chi_square_3);
    scale_.multiply_lower(normal, translation);
    for (int i = 0; i < 3; ++i) translation[i] = mode_[i] + stretch * translation[i];
  }

  PROPNP_HOST_DEVICE const S* mode() const { return mode_; }
  PROPNP_HOST_DEVICE const Cholesky<3, S>& scale() const { return scale_; }

 private:
  S mode_[3];
  Cholesky<3, S> scale_;
  S log_determinant_;
};

template <typename Dof>
class AmisProposal;

template <typename S>
class AmisProposal<SixDof<S>> {
 public:
  // `covariance` 6x6 row-major in the project's tangent. False if a default had to serve.
  PROPNP_HOST_DEVICE bool fit(const S* pose, const S* covariance) {
    S block[9], rotation[16];
    copy_block(covariance, 0, block);
    const bool translation_fits = translation_.set(pose, block, kDefaultDepth);
    copy_block(covariance, 3, block);
    const bool shape_fits =
        embed_covariance(Quaternion<S>{pose[3], pose[4], pose[5], pose[6]}, block, rotation);
    const bool rotation_fits = set_dispersed(shape_fits, rotation);
    return translation_fits && rotation_fits;
  }

  // `poses` (count, 7), `weights` (count) of sum 1. False if a default had to serve.
  PROPNP_HOST_DEVICE bool refit(const S* poses, const S* weights, int64_t count) {
    const bool translation_fits =
        translation_.refit(poses, kStorage, weights, count, kDefaultDepth);
    S lambda[16];
    identity(lambda);
    bool shape_fits = true;
    for (int i = 0; i < kAmisRotationIterations && shape_fits; ++i) {
      shape_fits = tyler_step(poses, weights, count, lambda);
    }
    const bool rotation_fits = set_dispersed(shape_fits, lambda);
    return translation_fits && rotation_fits;
  }

  // With respect to dt dtheta; the published one, on the 3-sphere, is larger by kLogSphereOverHaar.
  PROPNP_HOST_DEVICE S log_density(const S* pose) const {
    return translation_.log_density(pose) +
           rotation_.log_density(Quaternion<S>{pose[3], pose[4], pose[5], pose[6]}) -
           S(kLogSphereOverHaar);
  }

  // From seven standard normals and a chi-square number of 3 degrees.
  PROPNP_HOST_DEVICE void sample(const S* normal, const S& chi_square_3, S* pose) const {
    translation_.sample(normal, chi_square_3, pose);
    const Quaternion<S> q = rotation_.sample(normal + 3);
    pose[3] = q.w, pose[4] = q.x, pose[5] = q.y, pose[6] = q.z;
  }

  PROPNP_HOST_DEVICE const AmisTranslation<S>& translation() const { return translation_; }
  PROPNP_HOST_DEVICE const AngularCentralGaussian<S>& rotation() const { return rotation_; }

 private:
  static constexpr int kStorage = SixDof<S>::kStorage;
  static constexpr S kDefaultDepth = 1;

  static PROPNP_HOST_DEVICE void identity(S* m) {
    for (int i = 0; i < 16; ++i) m[i] = S(i % 5 == 0 ? 1 : 0);
  }

  static PROPNP_HOST_DEVICE void copy_block(const S* covariance, int first, S* block) {
    for (int i = 0; i < 9; ++i) block[i] = covariance[(first + i / 3) * 6 + first + i % 3];
  }

  // Lambda_0 / tr Lambda_0; false where C_theta + 4 I is not positive definite.
  static PROPNP_HOST_DEVICE bool embed_covariance(const Quaternion<S>& q, const S* c, S* lambda) {
    const S zero = S(0), one = S(1);
    const Quaternion<S> axes[3] = {Quaternion<S>{zero, one, zero, zero} * q,
                                   Quaternion<S>{zero, zero, one, zero} * q,
                                   Quaternion<S>{zero, zero, zero, one} * q};
    S shifted[9], within[9];
    for (int i = 0; i < 9; ++i) shifted[i] = c[i] + (i % 4 == 0 ? S(4) : S(0));
    Cholesky<3, S> cholesky;
    if (!cholesky.factorize(shifted)) return false;
    for (int i = 0; i < 3; ++i) cholesky.solve(c + 3 * i, within + 3 * i);
    const S mode[4] = {q.w, q.x, q.y, q.z};
    const S columns[4][3] = {{axes[0].w, axes[1].w, axes[2].w},
                             {axes[0].x, axes[1].x, axes[2].x},
                             {axes[0].y, axes[1].y, axes[2].y},
                             {axes[0].z, axes[1].z, axes[2].z}};
    S trace = S(0);
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        S sum = mode[i] * mode[j];
        for (int k = 0; k < 9; ++k) sum += columns[i][k / 3] * within[k] * columns[j][k % 3];
        lambda[4 * i + j] = sum;
      }
      trace += lambda[5 * i];
    }
    for (int i = 0; i < 16; ++i) lambda[i] /= trace;
    return true;
  }

  // One step of Tyler's fixed point; false if Lambda is not positive definite.
  static PROPNP_HOST_DEVICE bool tyler_step(const S* poses, const S* weights, int64_t count,
                                            S* lambda) {
    Cholesky<4, S> cholesky;
    if (!cholesky.factorize(lambda)) return false;
    S moments[16] = {}, sum = S(0);
    for (int64_t j = 0; j < count; ++j) {
      const S* q = poses + j * kStorage + 3;
      S white[4], squared = S(0);
      cholesky.solve_lower(q, white);
      for (int i = 0; i < 4; ++i) squared += white[i] * white[i];
      const S weight = weights[j] / max(squared, S(kAmisEpsilon));
      for (int i = 0; i < 16; ++i) moments[i] += weight * q[i / 4] * q[i % 4];
      sum += weight;
    }
    for (int i = 0; i < 16; ++i) {
      lambda[i] = moments[i] / sum + (i % 5 == 0 ? S(kAmisEpsilon) : S(0));
    }
    return true;
  }

  // The rotation's matrix, wider by the dispersion, or the identity.
  PROPNP_HOST_DEVICE bool set_dispersed(bool shape_fits, S* lambda) {
    Cholesky<4, S> cholesky;
    if (shape_fits && cholesky.factorize(lambda)) {
      const S dispersion = S(kAmisDispersion) * exp(S(0.25) * cholesky.log_determinant());
      for (int i = 0; i < 4; ++i) lambda[5 * i] += dispersion;
      if (rotation_.set_covariance(lambda)) return true;
    }
    identity(lambda);
    rotation_.set_covariance(lambda);
    return false;
  }

  AmisTranslation<S> translation_;
  AngularCentralGaussian<S> rotation_;
};

template <typename S>
class AmisProposal<FourDof<S>> {
 public:
  // `covariance` 4x4 row-major in the project's tangent. False if a default had to serve.
  PROPNP_HOST_DEVICE bool fit(const S* pose, const S* covariance) {
    S block[9];
    for (int i = 0; i < 9; ++i) block[i] = covariance[(i / 3) * 4 + i % 3];
    yaw_.mode = pose[3];
    yaw_.kappa = S(kAmisConcentration) / max(covariance[15], S(kAmisEpsilon));
    return translation_.set(pose, block, kDefaultDepth);
  }

  // `poses` (count, stride), four numbers each, `weights` (count) of sum 1. False if a default had
  // to serve.
  PROPNP_HOST_DEVICE bool refit(const S* poses, const S* weights, int64_t count, int stride = 4) {
    S sine = S(0), cosine = S(0);
    for (int64_t j = 0; j < count; ++j) {
      sine += weights[j] * sin(poses[stride * j + 3]);
      cosine += weights[j] * cos(poses[stride * j + 3]);
    }
    const S squared = sine * sine + cosine * cosine;
    yaw_.mode = atan2(sine, cosine);
    yaw_.kappa = S(kAmisConcentration) * max(sqrt(squared), S(kAmisEpsilon)) * (S(2) - squared) /
                 max(S(1) - squared, S(kAmisEpsilon));
    return translation_.refit(poses, stride, weights, count, kDefaultDepth);
  }

  // With respect to dt dyaw, the published measure.
  PROPNP_HOST_DEVICE S log_density(const S* pose) const {
    return translation_.log_density(pose) + yaw_.log_density(pose[3]);
  }

  // From three standard normals, a chi-square number of 3 degrees and the words of von_mises.h.
  template <typename Words>
  PROPNP_HOST_DEVICE void sample(const S* normal, const S& chi_square_3, bool uniform_yaw,
                                 const Words& words, S* pose) const {
    translation_.sample(normal, chi_square_3, pose);
    pose[3] = yaw_.sample(uniform_yaw, words);
  }

  PROPNP_HOST_DEVICE const AmisTranslation<S>& translation() const { return translation_; }
  PROPNP_HOST_DEVICE const VonMisesUniform<S>& yaw() const { return yaw_; }

 private:
  static constexpr S kDefaultDepth = 4;

  AmisTranslation<S> translation_;
  VonMisesUniform<S> yaw_;
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_AMIS_PROPOSAL_H_
