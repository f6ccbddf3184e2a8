// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Gradient and Hessian of a cost of points, in the chart of the retraction (pose.h), in six
// coordinates whatever the degrees of freedom: translation and rotation. With p = t + R(theta) r, r
// the rotated point, d p / d theta_j = e_j x r, and p has the second derivative theta x (theta x r)
// along theta, which meets the gradient f = d cost / dp:
//
//   gradient  (f, r x f)
//   Hessian   [ Q, -Q [r]x; .., [r]x^T Q [r]x + (f r^T + r f^T) / 2 - (f . r) I ],  Q = d f / dp
#ifndef PROPNP_MATH_TWIST_CURVATURE_H_
#define PROPNP_MATH_TWIST_CURVATURE_H_

#include "propnp/math/pose.h"

PROPNP_MATH_BEGIN

constexpr int kTwist = 6;
constexpr int kTwistTriangle = kTwist * (kTwist + 1) / 2;

// Sums over points: the Hessian's lower triangle, row by row.
template <typename S>
struct TwistSums {
  S gradient[kTwist], hessian[kTwistTriangle];

  PROPNP_HOST_DEVICE PROPNP_INLINE TwistSums() {
    for (S& g : gradient) g = S(0.0);
    for (S& h : hessian) h = S(0.0);
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE void add_entry(int i, int j, const S& value) {
    S& entry = hessian[i * (i + 1) / 2 + j];
    entry = entry + value;
  }

  PROPNP_HOST_DEVICE PROPNP_INLINE void add(const Vec3<S>& f, const Mat3<S>& q, const Vec3<S>& r) {
    const Vec3<S> torque = cross(r, f);
    const S all[kTwist] = {f.x, f.y, f.z, torque.x, torque.y, torque.z};
    for (int k = 0; k < kTwist; ++k) gradient[k] = gradient[k] + all[k];
    add_entry(0, 0, q.row0.x);
    add_entry(1, 0, q.row1.x), add_entry(1, 1, q.row1.y);
    add_entry(2, 0, q.row2.x), add_entry(2, 1, q.row2.y), add_entry(2, 2, q.row2.z);
    const S zero(0.0), half(0.5);
    const Vec3<S> arms[3] = {{zero, -r.z, r.y}, {r.z, zero, -r.x}, {-r.y, r.x, zero}};
    const S f_parts[3] = {f.x, f.y, f.z}, r_parts[3] = {r.x, r.y, r.z};
    const S inner = dot(f, r);
    for (int i = 0; i < 3; ++i) {
      const Vec3<S> force = q * arms[i];
      add_entry(3 + i, 0, force.x), add_entry(3 + i, 1, force.y), add_entry(3 + i, 2, force.z);
      const Vec3<S> moment = cross(r, force);
      const S moments[3] = {moment.x, moment.y, moment.z};
      for (int j = 0; j <= i; ++j) {
        S chart = half * (f_parts[i] * r_parts[j] + f_parts[j] * r_parts[i]);
        if (i == j) chart = chart - inner;
        add_entry(3 + i, 3 + j, moments[j] + chart);
      }
    }
  }
};

// The six coordinates of a tangent vector: a yaw turns about the axis.
PROPNP_HOST_DEVICE inline void twist_from_tangent(const SixDof<double>&, const double* tangent,
                                                  double* twist) {
  for (int k = 0; k < kTwist; ++k) twist[k] = tangent[k];
}
PROPNP_HOST_DEVICE inline void twist_from_tangent(const FourDof<double>& dof, const double* tangent,
                                                  double* twist) {
  const Vec3<double> rotation = tangent[3] * dof.axis;
  for (int k = 0; k < 3; ++k) twist[k] = tangent[k];
  twist[3] = rotation.x, twist[4] = rotation.y, twist[5] = rotation.z;
}

// Gradient and Hessian (row-major) in the tangent from those of the six coordinates: rows of the
// tangent in them are units, or the axis.
template <typename Dof>
PROPNP_HOST_DEVICE void reduce_twist(const Dof& dof, const double* twist_gradient,
                                     const double* twist_hessian, double* gradient,
                                     double* hessian) {
  constexpr int kD = Dof::kTangent;
  double basis[kD][kTwist];
  for (int i = 0; i < kD; ++i) {
    double unit[kD] = {};
    unit[i] = 1;
    twist_from_tangent(dof, unit, basis[i]);
  }
  for (int i = 0; i < kD; ++i) {
    gradient[i] = 0;
    for (int a = 0; a < kTwist; ++a) gradient[i] += basis[i][a] * twist_gradient[a];
    for (int j = 0; j <= i; ++j) {
      double sum = 0;
      for (int a = 0; a < kTwist; ++a) {
        for (int b = 0; b < kTwist; ++b) {
          const int row = a < b ? b : a, column = a < b ? a : b;
          sum += basis[i][a] * basis[j][b] * twist_hessian[row * (row + 1) / 2 + column];
        }
      }
      hessian[i * kD + j] = hessian[j * kD + i] = sum;
    }
  }
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_TWIST_CURVATURE_H_
