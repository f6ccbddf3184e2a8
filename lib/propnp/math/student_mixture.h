// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The proposal of the sampler: a mixture of Student t distributions of kProposalNu degrees of
// freedom, each in the chart v of a mode (mode_chart.h) at kProposalScale times its shape L L^T. Of
// a component of the first stage a share of the mass is wide, at kDefensiveScale and in the chart
// xi, as a defence against tails that the minimum does not show.
//
// A component in the form that loops take, `Component` below, has
//   mode, mean[], lower[] (L row by row), inverse_diagonal[] (of L), log_det_sqrt (log det L),
//   weight (over det L, times a factor that all components share), defensive_share
#ifndef PROPNP_MATH_STUDENT_MIXTURE_H_
#define PROPNP_MATH_STUDENT_MIXTURE_H_

#include "propnp/math/posterior_mode.h"
#include "propnp/math/student_t.h"

PROPNP_MATH_BEGIN

// Draws and densities must agree on these.
constexpr int kProposalNu = 4;
constexpr double kProposalScale = 1.1, kDefensiveScale = 3 * kProposalScale;

template <int kDof>
struct ProposalComponent {
  int mode;  // in whose chart v it lives
  double weight;
  double defensive_share;  // of its mass, at three times the scale in the chart xi
  double mean[kDof];
  Cholesky<kDof, double> shape;  // L with L L^T the scale matrix
  double log_det_sqrt;           // log det L
};

// One component a mode, of weight proportional to (exp(-cost) sqrt(det Sigma))^.7, none below a
// twentieth.
template <int kDof>
PROPNP_HOST_DEVICE void first_components(const PosteriorMode<kDof>* modes, int num_modes,
                                         ProposalComponent<kDof>* components) {
  constexpr double kTempering = 0.7;
  const double defensive_share = 0.1, least_weight = 0.05;
  double highest = modes[0].log_det_sqrt - modes[0].cost;
  for (int m = 1; m < num_modes; ++m) highest = max(highest, modes[m].log_det_sqrt - modes[m].cost);
  double sum = 0, floored_sum = 0;
  for (int m = 0; m < num_modes; ++m) {
    const double log_mass = modes[m].log_det_sqrt - modes[m].cost;
    components[m] = {m,
                     std::exp(kTempering * (log_mass - highest)),
                     defensive_share,
                     {},
                     modes[m].sqrt_shape,
                     modes[m].log_det_sqrt};
    sum += components[m].weight;
  }
  for (int m = 0; m < num_modes; ++m) {
    components[m].weight = max(components[m].weight / sum, least_weight);
    floored_sum += components[m].weight;
  }
  for (int m = 0; m < num_modes; ++m) components[m].weight /= floored_sum;
}

// The number of a component, and whether its wide part is meant.
template <typename S>
struct ComponentChoice {
  S component;
  MaskOf<S> defensive;
};

// What a uniform number chooses; a component has `weight`, its share of the mass, and
// `defensive_share`.
template <typename Component, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE ComponentChoice<S> choose_component(const Component* components,
                                                                     int num_components,
                                                                     const S& uniform) {
  const auto wide_part = [&](int k) {
    return constant<S>(components[k].defensive_share * components[k].weight);
  };
  S chosen = constant<S>(0), rest = uniform, wide = wide_part(0);
  for (int k = 0; k + 1 < num_components; ++k) {
    const S weight = constant<S>(components[k].weight), number = constant<S>(k);
    const MaskOf<S> passes = !((chosen < number) | (rest < weight));
    rest = select(passes, rest - weight, rest);
    wide = select(passes, wide_part(k + 1), wide);
    chosen = select(passes, number + constant<S>(1), chosen);
  }
  // What is left of the number is uniform within the component.
  return {chosen, rest < wide};
}

// Brings the components into the form that loops take. The log of a density that is made of them
// lacks the offset that is returned.
template <int kDof, typename Component>
PROPNP_HOST_DEVICE double export_components(const ProposalComponent<kDof>* from, int count,
                                            Component* to) {
  double offset = -HUGE_VAL;
  for (int k = 0; k < count; ++k) offset = max(offset, -from[k].log_det_sqrt);
  for (int k = 0; k < count; ++k) {
    to[k] = {};
    to[k].mode = from[k].mode;
    int entry = 0;
    for (int i = 0; i < kDof; ++i) {
      to[k].mean[i] = from[k].mean[i];
      for (int j = 0; j <= i; ++j) to[k].lower[entry++] = from[k].shape.lower(i, j);
      to[k].inverse_diagonal[i] = 1 / from[k].shape.lower(i, i);
    }
    to[k].log_det_sqrt = from[k].log_det_sqrt;
    to[k].weight = from[k].weight * std::exp(-from[k].log_det_sqrt - offset);
    to[k].defensive_share = from[k].defensive_share;
  }
  return student_t_log_constant<kDof, kProposalNu>() + offset;
}

// y = L^-1 (x - mean), and |y|^2.
template <int kDof, typename Component, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S whiten(const Component& c, const S* x, S* y) {
  S squared = constant<S>(0);
  int k = 0;
  PROPNP_UNROLL
  for (int i = 0; i < kDof; ++i) {
    S sum = x[i] - constant<S>(c.mean[i]);
    PROPNP_UNROLL
    for (int j = 0; j < i; ++j, ++k) sum = sum - constant<S>(c.lower[k]) * y[j];
    ++k;
    y[i] = sum * constant<S>(c.inverse_diagonal[i]);
    squared = squared + y[i] * y[i];
  }
  return squared;
}

// 1 + r2 / (nu s^2) at squared whitened radius r2 and scale s; two of them have a product in double
// precision, and where the bound holds no density is left.
template <typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S student_spread(const S& r2, double s) {
  return min(constant<S>(1) + constant<S>(1 / (kProposalNu * s * s)) * r2, constant<S>(1e150));
}

// Student t density over its normalisation and det L; q is one over the spread.
template <int kDof, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S student_kernel(const S& q, double s) {
  const S q2 = q * q, q4 = q2 * q2;
  const double s2 = s * s;
  return kDof == 6 ? constant<S>(1 / (s2 * s2 * s2)) * (q4 * q) : constant<S>(1 / (s2 * s2)) * q4;
}

// A component's density in the chart xi of its mode; v and e^-3 belong to xi.
template <int kDof, typename Component, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S component_density(const Component& c, const S* xi, const S* v,
                                                     const S& inverse_e3) {
  S y[kDof];
  const S weight = constant<S>(c.weight) * inverse_e3;
  const S narrow = student_spread(whiten<kDof>(c, v, y), kProposalScale);
  if (!(c.defensive_share > 0)) {
    return weight * student_kernel<kDof>(reciprocal(narrow), kProposalScale);
  }
  const S wide = student_spread(whiten<kDof>(c, xi, y), kDefensiveScale);
  const S inverse = reciprocal(narrow * wide);  // of both in one division
  return constant<S>(1 - c.defensive_share) * weight *
             student_kernel<kDof>(inverse * wide, kProposalScale) +
         constant<S>(c.defensive_share * c.weight) *
             student_kernel<kDof>(inverse * narrow, kDefensiveScale);
}

// The Gaussian of the component's shape over a density of the given logarithm, in v; y is v
// whitened.
template <int kDof, typename Component, typename S>
PROPNP_HOST_DEVICE PROPNP_INLINE S gaussian_over_density(const Component& c, const S* v,
                                                         const S& log_density, S* y) {
  constexpr double kHalfLogTwoPi = 0.918938533204672742;
  const S squared = whiten<kDof>(c, v, y);
  return exp(constant<S>(-kDof * kHalfLogTwoPi - c.log_det_sqrt) - constant<S>(0.5) * squared -
             log_density);
}

PROPNP_MATH_END

#endif  // PROPNP_MATH_STUDENT_MIXTURE_H_
