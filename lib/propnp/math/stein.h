// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Stein control variates: functions of a pose whose mean under its posterior p = exp(-cost) is
// zero, whatever the posterior looks like. For a smooth vector field v on the poses the divergence
// theorem gives
//
//   E_p[div v - v . grad cost] = 0
//
// (R. Assaraf and M. Caffarel, "Zero-variance principle for Monte Carlo algorithms", 1999; A. Mira,
// R. Solgi and D. Imparato, 2013). The directions X_d are moving the pivot and turning the object
// about it; their flows keep dt dtheta, so that div(f X_d) = X_d f. With y the whitened coordinates
// of a mode, r the share of that mode in a pose, and C the mode's covariance, the fields are r C
// grad phi for the monomials phi in y up to the third degree; what is written are
//
//   field(f, d) = r X_d f + f (X_d r - r X_d cost)      f = 1, y_a, y_a y_b
//
// where y = L^-1 (c - c_m, 2 w vec) for the turn dq = (w, vec) from the mode: sin(angle) times the
// axis, which is smooth on all rotations, as a coordinate of the divergence theorem must be. 4DoF:
// sin(yaw).
#ifndef PROPNP_MATH_STEIN_H_
#define PROPNP_MATH_STEIN_H_

#include <type_traits>

#include "propnp/math/cholesky.h"
#include "propnp/math/pose.h"

PROPNP_MATH_BEGIN

// The turn from a mode's rotation to a sample's as a smooth coordinate rho, its derivative by
// turning on, E = d rho / d theta, and a measure of distance that is as smooth, theta^T A theta
// with A symmetric: the coordinate alone takes a turn and half a turn more for the same.
template <typename S>
struct SmoothTurn3 {
  S rho[3], e[3][3];
  Quaternion<S> turn;

  PROPNP_HOST_DEVICE explicit SmoothTurn3(const Quaternion<S>& dq) : turn(dq) {
    const S v[3] = {dq.x, dq.y, dq.z};
    const S cross[3][3] = {{S(0), -v[2], v[1]}, {v[2], S(0), -v[0]}, {-v[1], v[0], S(0)}};
    for (int i = 0; i < 3; ++i) {
      rho[i] = S(2) * dq.w * v[i];
      for (int j = 0; j < 3; ++j) {
        e[i][j] = (i == j ? dq.w * dq.w : S(0)) - dq.w * cross[i][j] - v[i] * v[j];
      }
    }
  }

  // (2 vec)^T A (2 vec), and half its derivative by turning on.
  PROPNP_HOST_DEVICE S distance(const S (&a)[3][3], S* half_gradient) const {
    const S v[3] = {S(2) * turn.x, S(2) * turn.y, S(2) * turn.z};
    Vec3<S> av{S(0), S(0), S(0)};
    S* const out[3] = {&av.x, &av.y, &av.z};
    S sum = S(0);
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 3; ++j) *out[i] += a[i][j] * v[j];
      sum += *out[i] * v[i];
    }
    // d (2 vec) = w dtheta - vec x dtheta, transposed.
    const Vec3<S> vec{turn.x, turn.y, turn.z};
    const Vec3<S> gradient = turn.w * av + cross(vec, av);
    half_gradient[0] = gradient.x, half_gradient[1] = gradient.y, half_gradient[2] = gradient.z;
    return sum;
  }
};

// The same with a yaw angle.
template <typename S>
struct SmoothTurn1 {
  S rho[1], e[1][1];

  PROPNP_HOST_DEVICE explicit SmoothTurn1(const S& yaw) : yaw_(yaw) {
    rho[0] = sin(yaw);
    e[0][0] = cos(yaw);
  }

  // a (2 sin(yaw / 2))^2, and half its derivative.
  PROPNP_HOST_DEVICE S distance(const S (&a)[1][1], S* half_gradient) const {
    half_gradient[0] = a[0][0] * sin(yaw_);
    return S(2) * a[0][0] * (S(1) - cos(yaw_));
  }

 private:
  S yaw_;
};

// How many fields there are up to a degree.
PROPNP_HOST_DEVICE constexpr int num_stein_fields(int dof, int degree) {
  const int linear = dof, quadratic = dof * (dof + 1) / 2, cubic = quadratic * (dof + 2) / 3;
  return (degree >= 1 ? linear : 0) + (degree >= 2 ? quadratic : 0) + (degree >= 3 ? cubic : 0);
}

// A sample as one mode sees it.
template <int kDof, typename S>
struct SteinSample {
  S y[kDof];
  S slope[kDof][kDof];     // X_d y_a along the whitened directions: [a][d]
  S distance;              // squared, of the mode's share
  S distance_slope[kDof];  // half its derivative, along the directions themselves
};

// The coordinates around one mode.
template <typename Dof>
class SteinCoordinates {
 public:
  using S = typename Dof::Scalar;
  static constexpr int kDof = Dof::kTangent;
  static constexpr int kTurn = kDof - 3;
  using Turn = std::conditional_t<kDof == 6, SmoothTurn3<S>, SmoothTurn1<S>>;

  // `covariance` is that of (pivot, rotation about it). False if it is not positive.
  PROPNP_HOST_DEVICE bool set(const S* covariance) {
    if (!lower_.factorize(covariance)) return false;
    for (int k = 0; k < kDof; ++k) {
      S unit[kDof] = {};
      unit[k] = S(1);
      lower_.solve_lower(unit, unit);
      for (int i = 0; i < kDof; ++i) inverse_[i][k] = unit[i];
    }
    return invert_block<3>(covariance, 0, near_shift_) &&
           invert_block<kTurn>(covariance, 3, near_turn_);
  }

  PROPNP_HOST_DEVICE void evaluate(const Vec3<S>& shift, const Turn& turn,
                                   SteinSample<kDof, S>* sample) const {
    S x[kDof] = {shift.x, shift.y, shift.z};
    for (int i = 0; i < kTurn; ++i) x[3 + i] = turn.rho[i];
    for (int i = 0; i < kDof; ++i) {
      S sum = S(0);
      for (int k = 0; k <= i; ++k) sum += inverse_[i][k] * x[k];
      sample->y[i] = sum;
      for (int d = 0; d < kDof; ++d) sample->slope[i][d] = S(i == d ? 1 : 0);
    }
    add_turn_slope(turn, sample);
    sample->distance = turn.distance(near_turn_, sample->distance_slope + 3);
    for (int i = 0; i < 3; ++i) {
      S sum = S(0);
      for (int k = 0; k < 3; ++k) sum += near_shift_[i][k] * x[k];
      sample->distance_slope[i] = sum;
      sample->distance += sum * x[i];
    }
  }

  // L^T gradient: along the whitened directions. The two may be the same memory.
  PROPNP_HOST_DEVICE void whiten_gradient(const S* gradient, S* whitened) const {
    for (int d = 0; d < kDof; ++d) {
      S sum = S(0);
      for (int i = d; i < kDof; ++i) sum += lower_.lower(i, d) * gradient[i];
      whitened[d] = sum;
    }
  }

 private:
  // The slope is L^-1 diag(I, E) L = I + L^-1 diag(0, E - I) L.
  PROPNP_HOST_DEVICE void add_turn_slope(const Turn& turn, SteinSample<kDof, S>* sample) const {
    for (int d = 0; d < kDof; ++d) {
      S turned[kTurn];
      for (int i = 0; i < kTurn; ++i) {
        turned[i] = S(0);
        for (int k = 0; k < kTurn; ++k) {
          if (3 + k < d) continue;  // L is zero there
          turned[i] += (turn.e[i][k] - S(i == k ? 1 : 0)) * lower_.lower(3 + k, d);
        }
      }
      for (int i = 0; i < kTurn; ++i) {
        for (int k = 0; k <= i; ++k) sample->slope[3 + i][d] += inverse_[3 + i][3 + k] * turned[k];
      }
    }
  }

  // The inverse of four times a diagonal block.
  template <int kSize>
  static PROPNP_HOST_DEVICE bool invert_block(const S* covariance, int first,
                                              S (&inverse)[kSize][kSize]) {
    constexpr S kWidth = S(4);
    S block[kSize * kSize];
    for (int i = 0; i < kSize; ++i) {
      for (int j = 0; j < kSize; ++j) {
        block[i * kSize + j] = kWidth * covariance[(first + i) * kDof + first + j];
      }
    }
    Cholesky<kSize, S> cholesky;
    if (!cholesky.factorize(block)) return false;
    cholesky.inverse(inverse[0]);
    return true;
  }

  Cholesky<kDof, S> lower_;
  S inverse_[kDof][kDof];
  S near_shift_[3][3], near_turn_[kTurn][kTurn];  // of the mode's share
};

// put(value) for the fields of a mode up to `degree` (0 to 3), num_stein_fields() numbers; `share`
// is r, and `pull` is X_d r - r X_d cost along the whitened directions.
template <int kDof, typename S, typename Put>
PROPNP_HOST_DEVICE PROPNP_INLINE void stein_fields(const SteinSample<kDof, S>& sample,
                                                   const S& share, const S* pull, int degree,
                                                   const Put& put) {
  const S* y = sample.y;
  for (int d = 0; degree >= 1 && d < kDof; ++d) put(pull[d]);
  for (int a = 0; degree >= 2 && a < kDof; ++a) {
    for (int b = a; b < kDof; ++b) {
      put(share * (sample.slope[a][b] + sample.slope[b][a]) + y[a] * pull[b] + y[b] * pull[a]);
    }
  }
  // field(y_i y_j, d)
  const auto cubic = [&](int i, int j, int d) {
    return share * (sample.slope[i][d] * y[j] + y[i] * sample.slope[j][d]) + y[i] * y[j] * pull[d];
  };
  for (int a = 0; degree >= 3 && a < kDof; ++a) {
    for (int b = a; b < kDof; ++b) {
      for (int c = b; c < kDof; ++c) put(cubic(b, c, a) + cubic(a, c, b) + cubic(a, b, c));
    }
  }
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_STEIN_H_
