// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The angular central Gaussian distribution of unit quaternions: the direction of a
// four-dimensional normal vector of mean zero and covariance Lambda,
//
//   p(q) = (q^T Lambda^-1 q)^-2 / (2 pi^2 sqrt(det Lambda))
//
// (D. Tyler, "Statistical analysis for the angular central Gaussian distribution on the sphere",
// 1987, eq. 1, in four dimensions). q and -q are alike, the scale of Lambda does not matter. p is a
// density with respect to area on the unit 3-sphere, 2 pi^2 in all. There the rotation theta has
// area dtheta / 8 twice, at q and -q, so the density with respect to dtheta (8 pi^2 in all) is p
// / 4.
#ifndef PROPNP_MATH_ANGULAR_CENTRAL_GAUSSIAN_H_
#define PROPNP_MATH_ANGULAR_CENTRAL_GAUSSIAN_H_

#include "propnp/math/cholesky.h"
#include "propnp/math/quaternion.h"

PROPNP_MATH_BEGIN

// log of a density with respect to area on the 3-sphere over one with respect to dtheta: log 4.
constexpr double kLogSphereOverHaar = 1.38629436111989061883;

template <typename S>
class AngularCentralGaussian {
 public:
  // From Lambda, 4x4 row-major in the order w x y z; false if it is not positive definite.
  PROPNP_HOST_DEVICE bool set_covariance(const S* lambda) {
    if (!scale_.factorize(lambda)) return false;
    constexpr double kLogArea = 2.98260695225874570;  // log(2 pi^2)
    log_constant_ = -constant<S>(0.5) * scale_.log_determinant() - constant<S>(kLogArea);
    return true;
  }

  // With respect to area on the 3-sphere; q is of unit norm.
  PROPNP_HOST_DEVICE S log_density(const Quaternion<S>& q) const {
    const S direction[4] = {q.w, q.x, q.y, q.z};
    S white[4];
    scale_.solve_lower(direction, white);
    S squared = white[0] * white[0];
    for (int i = 1; i < 4; ++i) squared = squared + white[i] * white[i];
    return log_constant_ - constant<S>(2) * log(squared);
  }

  // From four independent standard normals; all (nearly) zero they have no direction and give the
  // identity.
  PROPNP_HOST_DEVICE Quaternion<S> sample(const S* normal) const {
    constexpr double kLeastNorm = 1e-6;
    S v[4];
    scale_.multiply_lower(normal, v);
    const Quaternion<S> q{v[0], v[1], v[2], v[3]};
    if (squared_norm(q) < constant<S>(kLeastNorm * kLeastNorm)) {
      return {constant<S>(1), constant<S>(0), constant<S>(0), constant<S>(0)};
    }
    return normalized(q);
  }

  // L of Lambda = L L^T.
  PROPNP_HOST_DEVICE const Cholesky<4, S>& scale() const { return scale_; }

 private:
  Cholesky<4, S> scale_;
  S log_constant_;
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_ANGULAR_CENTRAL_GAUSSIAN_H_
