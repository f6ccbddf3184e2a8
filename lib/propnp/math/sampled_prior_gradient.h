// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The gradient of log evidence with respect to the numbers of the prior, from weighted samples:
// minus the mean of d cost / d numbers. Not so those of a depth range, a density that is constant
// inside and ends abruptly: moving an end of it lets in or shuts out what mass there is,
//
//   d log Z / d end = +- density of the posterior at the end - d log volume / d end,
//
// and the density is the mean, by the divergence theorem, of div v - v . d cost / dt for any field
// v that is one across that face and vanishes at the opposite one.
#ifndef PROPNP_MATH_SAMPLED_PRIOR_GRADIENT_H_
#define PROPNP_MATH_SAMPLED_PRIOR_GRADIENT_H_

#include "propnp/math/prior.h"

PROPNP_MATH_BEGIN

// With respect to the bounds of a depth range: z0 z1, and x0 x1 y0 y1 of x/z and y/z.
struct RangeGradient {
  double depth[2];
  double bound[4];
};

// Adds cotangent * d cost / d numbers of the prior at one pose; nothing where the density is zero.
template <typename Dof>
PROPNP_HOST_DEVICE void add_prior_cost_gradient(const PriorDensity<double>& prior, const Dof& dof,
                                                const double* pose, double cotangent,
                                                PriorGradient<double>* gradient,
                                                RangeGradient* of_range) {
  if (cotangent == 0 || !std::isfinite(prior.cost(dof, pose))) return;
  if (prior.kind == PriorKind::kDepthRange) {
    prior.depth_range.add_volume_gradient(cotangent, of_range->depth, of_range->bound);
  } else {
    prior.add_parameter_gradient(dof, pose, cotangent, gradient);
  }
}

// The density of the posterior at the six faces of a range's frustum, each with the sign with which
// moving its end along the axis changes the mass inside. First all samples add to the spread, then
// all to the gradient; sums of both may be taken over samples in any order.
class RangeFaces {
 public:
  static constexpr int kAxes = 3;  // x/z, y/z and z

  // Weighted sums of the coordinates and of their squares.
  struct Spread {
    double mean[kAxes], square[kAxes];
  };

  PROPNP_HOST_DEVICE explicit RangeFaces(const DepthRangePrior<double>& range) : range_(range) {
    for (int a = 0; a < kAxes; ++a) {
      const double* const ends = a < 2 ? &range.bound[2 * a] : range.depth;
      ends_[a][0] = ends[0], ends_[a][1] = ends[1];
      layer_[a] = 0;
    }
  }

  // `weight` is the plain one, not negative; they sum to one.
  PROPNP_HOST_DEVICE void add_spread(const double* pose, double weight, Spread* spread) const {
    if (weight == 0 || !contains(pose)) return;
    double u[kAxes];
    coordinates_of(pose, u);
    for (int a = 0; a < kAxes; ++a) {
      const double from_end = u[a] - ends_[a][0];
      spread->mean[a] += weight * from_end, spread->square[a] += weight * from_end * from_end;
    }
  }

  // The fields reach as far from their face as the posterior's own spread: with less, few samples
  // are in them, with more, the score has more to average out.
  PROPNP_HOST_DEVICE void set_layers(const Spread& spread) {
    for (int a = 0; a < kAxes; ++a) {
      const double variance = spread.square[a] - spread.mean[a] * spread.mean[a];
      layer_[a] = min(ends_[a][1] - ends_[a][0], 2 * sqrt(max(variance, 0.0)));
    }
  }

  // `weight` is that with which means are taken. slopes_of_points(pose) is asked at most once for
  // the derivative of the points' cost by the translation. The field of a face is (1 - r)^2 along
  // its axis, r the distance in layers.
  template <typename SlopesOfPoints>
  PROPNP_HOST_DEVICE void add_sample(const double* pose, double weight,
                                     const SlopesOfPoints& slopes_of_points,
                                     RangeGradient* gradient) const {
    if (weight == 0 || !contains(pose)) return;
    double u[kAxes], slopes[kAxes];
    bool has_slopes = false;
    coordinates_of(pose, u);
    for (int a = 0; a < kAxes; ++a) {
      for (int end = 0; end < 2; ++end) {
        const double inside = 1 - std::fabs(u[a] - ends_[a][end]) / layer_[a];
        if (!(inside > 0) || (a == 2 && ends_[a][end] == 0)) continue;  // at z = 0 there is no face
        if (!has_slopes) along_axes(slopes_of_points(pose), u, slopes);
        has_slopes = true;
        // The volume is z^2 d(x/z) d(y/z) dz.
        const double of_volume = a == 2 ? 2 / u[2] : 0;
        const double divergence = (end ? 2 : -2) * inside / layer_[a] + inside * inside * of_volume;
        double* const to = a < 2 ? &gradient->bound[2 * a] : gradient->depth;
        to[end] += weight * (divergence - inside * inside * slopes[a]);
      }
    }
  }

 private:
  PROPNP_HOST_DEVICE bool contains(const double* pose) const {
    return range_.contains({pose[0], pose[1], pose[2]});
  }
  // Of a translation in front of the camera.
  static PROPNP_HOST_DEVICE void coordinates_of(const double* pose, double* u) {
    u[0] = pose[0] / pose[2], u[1] = pose[1] / pose[2], u[2] = pose[2];
  }
  static PROPNP_HOST_DEVICE void along_axes(const Vec3<double>& g, const double* u,
                                            double* slopes) {
    slopes[0] = g.x * u[2], slopes[1] = g.y * u[2], slopes[2] = g.x * u[0] + g.y * u[1] + g.z;
  }

  const DepthRangePrior<double>& range_;
  double ends_[kAxes][2], layer_[kAxes];
};

PROPNP_MATH_END

#endif  // PROPNP_MATH_SAMPLED_PRIOR_GRADIENT_H_
