// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The regression on Stein control variates for a posterior with a few modes: which modes take part,
// with fields of what degree, and the columns of a sample. Under the posterior, a function of the
// pose is fitted by
//
//   f ~ sum_m a_m r_m + sum_k b_k g_k
//
// with r_m the share of mode m in the pose, sum_m r_m = 1, and g_k the fields (stein.h). The means
// of the fields are zero and those of the shares are the masses of the modes, which few fields
// predict and control_variates.h knows; so the mean of f is sum_m a_m mass_m.
#ifndef PROPNP_MATH_STEIN_MODES_H_
#define PROPNP_MATH_STEIN_MODES_H_

#include "propnp/math/laplace_evidence.h"
#include "propnp/math/prior.h"
#include "propnp/math/stein.h"

PROPNP_MATH_BEGIN

// Below this standard error of the log evidence its own control variates serve the gradient well
// enough; above the second, fields of the third degree pay.
constexpr double kSteinError = 0.002, kCubicSteinError = 0.01;

// A correction that makes the sum of squared weights over uncorrected weights, one without it, more
// than this cannot be trusted.
constexpr double kMostSteinSpread = 10;

namespace stein_detail {

PROPNP_HOST_DEVICE inline SmoothTurn3<double> turn_between(const SixDof<double>&,
                                                           const double* mode, const double* pose) {
  const Quaternion<double> from{mode[3], mode[4], mode[5], mode[6]};
  return SmoothTurn3<double>(Quaternion<double>{pose[3], pose[4], pose[5], pose[6]} *
                             conjugate(from));
}
PROPNP_HOST_DEVICE inline SmoothTurn1<double> turn_between(const FourDof<double>&,
                                                           const double* mode, const double* pose) {
  return SmoothTurn1<double>(pose[3] - mode[3]);
}

// B C B^T for delta_pivot = delta_t + delta_theta x arm, with C the covariance of (t, theta) and
// arm = R pivot.
template <typename Dof>
PROPNP_HOST_DEVICE void covariance_of_pivot(const Dof& dof, const Vec3<double>& arm,
                                            double* covariance) {
  constexpr int kDof = Dof::kTangent;
  Vec3<double> moves[kDof - 3];
  if constexpr (kDof == 6) {
    moves[0] = cross(Vec3<double>{1, 0, 0}, arm);
    moves[1] = cross(Vec3<double>{0, 1, 0}, arm);
    moves[2] = cross(Vec3<double>{0, 0, 1}, arm);
  } else {
    moves[0] = cross(dof.axis, arm);
  }
  const auto add = [&](double* to, const double* from, int stride) {  // the rows, or the columns
    for (int k = 0; k < kDof - 3; ++k) {
      const double move[3] = {moves[k].x, moves[k].y, moves[k].z};
      for (int i = 0; i < 3; ++i) to[i * stride] += move[i] * from[(3 + k) * stride];
    }
  };
  for (int j = 0; j < kDof; ++j) add(covariance + j, covariance + j, kDof);
  for (int i = 0; i < kDof; ++i) add(covariance + i * kDof, covariance + i * kDof, 1);
}

}  // namespace stein_detail

template <int kDof>
class SteinModes {
  static constexpr double kLeastShare = 0.02;  // of the mass, for a mode to take part

  // Fields of a degree take part if their mode expects so many effective draws for each of its
  // fields up to that degree. The fewer, the more the ridge must do.
  static PROPNP_HOST_DEVICE double draws_per_field(int degree) { return degree == 3 ? 0.5 : 0.7; }
  // By how much of itself the squared column of a field is enlarged: that many times its samples
  // have been seen before, with coefficients of zero.
  static PROPNP_HOST_DEVICE double ridge(int degree) {
    return degree == 3 ? 0.2 : degree == 2 ? 0.02 : 0;
  }

 public:
  static constexpr int kMaxModes = 3;
  static constexpr int kMaxColumns = 112;    // of the regression
  static constexpr int kMaxCandidates = 16;  // modes of a posterior

  // Takes the coordinates of the modes that hold the posterior's mass, by Laplace's estimate. False
  // if there is none.
  PROPNP_HOST_DEVICE bool set(const DofPolicy<kDof>& dof, const Vec3<double>& pivot,
                              const PosteriorMode<kDof>* modes, int num_modes) {
    dof_ = dof;
    pivot_ = pivot;
    num_modes_ = 0;
    double share[kMaxCandidates];
    laplace_evidence(modes, num_modes, share);
    while (num_modes_ < kMaxModes) {
      int heaviest = 0;
      for (int m = 1; m < num_modes; ++m) heaviest = share[heaviest] < share[m] ? m : heaviest;
      if (!(share[heaviest] > kLeastShare)) break;
      if (!add(modes[heaviest], share[heaviest])) return false;
      share[heaviest] = 0;
    }
    return num_modes_ > 0;
  }

  // The degrees of the fields that so many effective draws are worth; those of the third only if
  // `cubic`. False if not even linear fields are.
  PROPNP_HOST_DEVICE bool choose_degrees(double draws, bool cubic) {
    num_columns_ = num_modes_;
    for (int m = 0; m < num_modes_; ++m) modes_[m].degree = 0;
    for (int degree = 1; degree <= (cubic && num_modes_ == 1 ? 3 : 2); ++degree) {
      for (int m = 0; m < num_modes_; ++m) {
        const int fields = num_stein_fields(kDof, degree);
        const int columns = num_columns_ + fields - num_stein_fields(kDof, modes_[m].degree);
        const double needed = draws_per_field(degree) * fields;
        if (columns > kMaxColumns || draws * modes_[m].share < needed) continue;
        modes_[m].degree = degree;
        num_columns_ = columns;
      }
    }
    return num_columns_ > num_modes_;
  }

  PROPNP_HOST_DEVICE int num_modes() const { return num_modes_; }
  // The shares of the modes, then the fields.
  PROPNP_HOST_DEVICE int num_columns() const { return num_columns_; }

  // Adds the ridge to the matrix of the columns' products, num_columns() squared.
  PROPNP_HOST_DEVICE void add_ridge(double* products) const {
    int column = num_modes_;
    for (int m = 0; m < num_modes_; ++m) {
      for (int degree = 1; degree <= modes_[m].degree; ++degree) {
        const int end =
            column + num_stein_fields(kDof, degree) - num_stein_fields(kDof, degree - 1);
        for (; column < end; ++column) {
          products[column * (num_columns_ + 1)] *= 1 + ridge(degree);
        }
      }
    }
  }

  // put(value) for every column of a sample, in order; `score` is d cost / d (pivot, rotation about
  // it).
  template <typename Put>
  PROPNP_HOST_DEVICE void visit_columns(const double* pose, const double* score,
                                        const Put& put) const {
    const Vec3<double> centre = dof_.transform(pose) * pivot_;
    SteinSample<kDof, double> seen[kMaxModes];
    double share[kMaxModes], nearest = std::numeric_limits<double>::infinity(), sum = 0;
    for (int m = 0; m < num_modes_; ++m) {
      modes_[m].coordinates.evaluate(centre - modes_[m].centre,
                                     stein_detail::turn_between(dof_, modes_[m].pose, pose),
                                     &seen[m]);
      nearest = min(nearest, seen[m].distance);
    }
    for (int m = 0; m < num_modes_; ++m) {
      sum += share[m] = exp(0.5 * (nearest - seen[m].distance));
    }
    double mean_slope[kDof] = {};
    for (int m = 0; m < num_modes_; ++m) {
      share[m] /= sum;
      put(share[m]);
      for (int d = 0; d < kDof; ++d) mean_slope[d] += share[m] * seen[m].distance_slope[d];
    }
    for (int m = 0; m < num_modes_; ++m) {
      double pull[kDof];
      for (int d = 0; d < kDof; ++d) {
        pull[d] = share[m] * (mean_slope[d] - seen[m].distance_slope[d] - score[d]);
      }
      modes_[m].coordinates.whiten_gradient(pull, pull);
      stein_fields(seen[m], share[m], pull, modes_[m].degree, put);
    }
  }

 private:
  struct Mode {
    double pose[7];
    double share;         // of the mass
    int degree;           // of its fields
    Vec3<double> centre;  // the pivot
    SteinCoordinates<DofPolicy<kDof>> coordinates;
  };

  PROPNP_HOST_DEVICE bool add(const PosteriorMode<kDof>& mode, double share) {
    const RigidTransform<double> pose = dof_.transform(mode.pose);
    const Vec3<double> arm = pose.rotation * pivot_;
    double covariance[kDof * kDof];
    tangent_covariance(mode, covariance);
    stein_detail::covariance_of_pivot(dof_, arm, covariance);
    Mode& added = modes_[num_modes_];
    for (int k = 0; k < 7; ++k) added.pose[k] = mode.pose[k];
    added.share = share;
    added.centre = arm + pose.translation;
    if (!added.coordinates.set(covariance)) return false;
    ++num_modes_;
    return true;
  }

  DofPolicy<kDof> dof_;
  Vec3<double> pivot_;
  int num_modes_;
  int num_columns_;
  Mode modes_[kMaxModes];
};

// The score of the points alone from the force on the pivot and the torque about it.
template <typename Dof>
PROPNP_HOST_DEVICE void score_from_points(const Dof& dof, const Vec3<double>& force,
                                          const Vec3<double>& torque, double* score) {
  score[0] = force.x, score[1] = force.y, score[2] = force.z;
  if constexpr (Dof::kTangent == 6) {
    score[3] = torque.x, score[4] = torque.y, score[5] = torque.z;
  } else {
    score[3] = dot(dof.axis, torque);
  }
}

// Adds the derivative of the prior's cost.
template <typename Dof>
PROPNP_HOST_DEVICE void add_prior_score(const Dof& dof, const PriorDensity<double>& prior,
                                        const double* pose, const Vec3<double>& pivot,
                                        double* score) {
  const auto value = prior.evaluate(dof, pose);
  const Vec3<double> force{value.gradient[0], value.gradient[1], value.gradient[2]};
  // Turning about the pivot moves the origin, too: by delta_theta x (0 - R pivot).
  const Vec3<double> torque = cross(force, dof.transform(pose).rotation * pivot);
  double moved[Dof::kTangent];
  score_from_points(dof, force, torque, moved);
  for (int i = 0; i < Dof::kTangent; ++i) score[i] += moved[i] + (i < 3 ? 0 : value.gradient[i]);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_STEIN_MODES_H_
