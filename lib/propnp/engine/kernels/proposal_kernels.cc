// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set.
#include "propnp/engine/kernels/proposal_kernels.h"

#include <cstring>

#include "propnp/engine/kernels/lane_chart.h"
#include "propnp/engine/kernels/lane_pairs.h"
#include "propnp/engine/kernels/lane_words.h"
#include "propnp/math/quantile.h"
#include "propnp/math/sobol.h"
#include "propnp/math/student_mixture.h"

PROPNP_MATH_BEGIN

namespace {

using D = Lanes<double>;
using F = Lanes<float>;

template <int kDof>
PROPNP_INLINE void store_xi(const KernelSamples& samples, int mode, int64_t s, const D* xi) {
  for (int k = 0; k < kDof; ++k) {
    xi[k].store_unaligned(samples.xi + (mode * kDof + k) * samples.stride + s);
  }
}

PROPNP_INLINE void fill_sobol_column(int dimension, const SobolScramble& scramble, int64_t count,
                                     uint32_t* words) {
#if PROPNP_SHUFFLES_BYTES
  reversed_sobol_words(count, dimension, words);
  for (int64_t i = 0; i < count; i += LaneWords::kSize) {
    scramble_reversed(LaneWords::load(words + i), scramble.key[dimension]).store(words + i);
  }
#else
  scrambled_sobol_words(count, dimension, scramble, words);
#endif
}

void fill_sobol(int dof, const uint32_t* keys, int64_t count, uint32_t* words, int64_t stride) {
  SobolScramble scramble;
  std::memcpy(scramble.key, keys, sizeof(scramble.key));
  for (int d = 0; d < kSobolDimensions; ++d) {
    if (d >= dof && d < 6) continue;
    fill_sobol_column(d, scramble, count, words + d * stride);
  }
}

// f of the uniform number of each word.
template <typename Quantile>
void fill_quantiles(const uint32_t* words, int64_t count, float* out, const Quantile& quantile) {
  for (int64_t i = 0; i < count; i += F::kSize) {
    HWY_ALIGN float tail[F::kSize], centre[F::kSize];
    for (int k = 0; k < F::kSize; ++k) {
      const SymmetricUniform<float> u = symmetric_uniform<float>(words[i + k]);
      tail[k] = u.tail;
      centre[k] = u.centre;
    }
    quantile(SymmetricUniform<F>{F::load(tail), F::load(centre)}).store_unaligned(out + i);
  }
}

void fill_noise(int dof, const uint32_t* words, int64_t word_stride, int64_t count, float* normal,
                int64_t normal_stride, float* stretch) {
  for (int d = 0; d < dof; ++d) {
    fill_quantiles(words + d * word_stride, count, normal + d * normal_stride,
                   [](const SymmetricUniform<F>& u) { return normal_quantile(u); });
  }
  static_assert(kProposalNu == 4, "the quantile's degrees of freedom");
  fill_quantiles(words + 6 * word_stride, count, stretch, [](const SymmetricUniform<F>& u) {
    return sqrt(F(kProposalNu) / chi_square_4_quantile(u));
  });
}

// uniform_from_word() of each.
PROPNP_INLINE D uniforms_from_words(const uint32_t* words) {
  const hn::Rebind<uint32_t, D::Tag> narrow;
  const hn::RebindToUnsigned<D::Tag> wide;
  const hn::RebindToSigned<D::Tag> wide_signed;
  const auto word = hn::BitCast(wide_signed, hn::PromoteTo(wide, hn::LoadU(narrow, words)));
  return (D(hn::ConvertTo(D::Tag(), word)) + D(0.5)) * D(0x1p-32);
}

void choose(const KernelShare* shares, int num_components, const uint32_t* words,
            const float* stretch, int64_t count, const KernelChoice& choice) {
  const hn::Rebind<int32_t, D::Tag> numbers;
  for (int64_t s = 0; s < count; s += D::kSize) {
    const ComponentChoice<D> c =
        choose_component(shares, num_components, uniforms_from_words(words + s));
    hn::StoreU(hn::DemoteTo(numbers, c.component.v), numbers, choice.component + s);
    D stretched;
    load_column(stretch + s, &stretched);
    (select(c.defensive, D(kDefensiveScale), D(kProposalScale)) * stretched)
        .store_unaligned(choice.scale + s);
    select(c.defensive, D(0.0), D(1.0)).store_unaligned(choice.curved + s);
  }
}

template <int kDof>
void draw_of(const KernelChart& kernel_chart, const KernelComponent& c, const KernelNoise& noise,
             int64_t begin, int64_t end, const KernelSamples& samples) {
  const LaneChart<kDof, D> chart = spread_chart<kDof, D>(kernel_chart);
  for (int64_t s = begin; s < end; s += D::kSize) {
    D normal[kDof], xi[kDof], u[3];
    for (int k = 0; k < kDof; ++k) {
      load_column(noise.normal + k * samples.stride + s, &normal[k]);
    }
    const D scale = D::load_unaligned(noise.scale + s);
    int entry = 0;
    for (int i = 0; i < kDof; ++i) {
      D sum(0.0);
      for (int j = 0; j <= i; ++j, ++entry) sum = sum + D(c.lower[entry]) * normal[j];
      xi[i] = D(c.mean[i]) + scale * sum;
    }
    chart.linear_from_depth(xi, u);
    const LaneMask<double> curved = D(0.5) < D::load_unaligned(noise.curved + s);
    for (int k = 0; k < 3; ++k) xi[k] = select(curved, u[k], xi[k]);
    store_xi<kDof>(samples, c.mode, s, xi);
  }
}

// Writes columns of registers as the first numbers of the poses of samples s to end.
template <int kCount>
PROPNP_INLINE void store_poses(const D* columns, int64_t s, int64_t end, double* poses) {
  double buffer[kCount][D::kSize];
  for (int k = 0; k < kCount; ++k) columns[k].store_unaligned(buffer[k]);
  for (int i = 0; i < D::kSize && s + i < end; ++i) {
    for (int k = 0; k < kCount; ++k) poses[(s + i) * 7 + k] = buffer[k][i];
  }
}

template <int kDof>
void poses_of(const KernelChart& kernel_chart, int mode, int64_t begin, int64_t end,
              const KernelSamples& samples, double* pose) {
  constexpr int kStorage = kDof == 6 ? 7 : 4;
  const LaneChart<kDof, D> chart = spread_chart<kDof, D>(kernel_chart);
  for (int64_t s = begin; s < end; s += D::kSize) {
    D xi[kDof], columns[kStorage];
    load_xi<kDof>(samples, mode, s, xi);
    chart.pose_from(xi, columns);
    store_poses<kStorage>(columns, s, end, pose);
  }
}

template <int kDof>
void to_other_charts_of(const KernelChart* charts, int num_modes, int mode, int64_t begin,
                        int64_t end, const KernelSamples& samples) {
  const LaneChart<kDof, D> chart = spread_chart<kDof, D>(charts[mode]);
  for (int other = 0; other < num_modes; ++other) {
    if (other == mode) continue;
    const LaneChart<kDof, D> other_chart = spread_chart<kDof, D>(charts[other]);
    for (int64_t s = begin; s < end; s += D::kSize) {
      D xi[kDof], other_xi[kDof];
      load_xi<kDof>(samples, mode, s, xi);
      chart.to_other(xi, other_chart, other_xi);
      store_xi<kDof>(samples, other, s, other_xi);
    }
  }
}

// Of the components of a mode, in its chart.
template <int kDof, typename L>
PROPNP_INLINE L density_of_mode(const LaneChart<kDof, L>& chart, int mode,
                                const KernelComponent* components, int num_components,
                                const L* xi) {
  L v[kDof], inverse_e;
  for (int k = 3; k < kDof; ++k) v[k] = xi[k];
  const auto in_front = chart.depth_from_linear(xi, v, &inverse_e);
  const L inverse_e3 = select(in_front, inverse_e * inverse_e * inverse_e, L(0.0));
  L sum(0.0);
  for (int k = 0; k < num_components; ++k) {
    if (components[k].mode != mode) continue;
    sum = sum + component_density<kDof>(components[k], xi, v, inverse_e3);
  }
  return sum * chart.factor(xi);
}

// Components are in the order of their modes within each stage; a mode's chart is spread once a
// run.
template <int kDof>
void log_density_of(const KernelChart* charts, int num_modes, const KernelComponent* components,
                    int num_components, double log_scale, int64_t count,
                    const KernelSamples& samples) {
  using L = LanePair<double>;
  const L log_factor(log_scale);
  for (int mode = 0; mode < num_modes; ++mode) {
    const LaneChart<kDof, L> chart = spread_chart<kDof, L>(charts[mode]);
    for (int64_t s = 0; s < count; s += L::kSize) {
      double* const out = samples.log_density + s;
      L xi[kDof];
      load_xi<kDof>(samples, mode, s, xi);
      L density = density_of_mode<kDof>(chart, mode, components, num_components, xi);
      if (mode > 0) density = L::load_unaligned(out) + density;
      density.store_unaligned(out);
    }
  }
  for (int64_t s = 0; s < count; s += L::kSize) {
    double* const out = samples.log_density + s;
    (log(L::load_unaligned(out)) + log_factor).store_unaligned(out);
  }
}

// In single precision, as the columns are: regressors matter by what they have in common with the
// weights.
template <int kDof>
void regressors_of(const KernelChart& kernel_chart, const KernelComponent& component,
                   bool with_products, int64_t count, const KernelSamples& samples,
                   float* columns) {
  // A copy, which no store can change.
  const KernelComponent c = component;
  const LaneChart<kDof, F> chart = spread_chart<kDof, F>(kernel_chart);
  const F zero(0.0f);
  for (int64_t s = 0; s < count; s += F::kSize) {
    F xi[kDof], v[kDof], y[kDof], inverse_e, log_density;
    load_xi<kDof>(samples, c.mode, s, xi);
    load_column(samples.log_density + s, &log_density);
    for (int k = 3; k < kDof; ++k) v[k] = xi[k];
    const LaneMask<float> in_front = chart.depth_from_linear(xi, v, &inverse_e);
    const F ratio = gaussian_over_density<kDof>(c, v, log_density, y);
    const F whole =
        select(in_front, ratio * chart.factor(xi) * (inverse_e * inverse_e * inverse_e), zero);
    // What is lost beside one, and would be slow where it is denormal.
    const F g = select(F(1e-9f) < whole, whole, zero);
    float* out = columns + s;
    const auto store = [&](const F& value) {
      value.store_unaligned(out);
      out += samples.stride;
    };
    store(g);
    F gy[kDof];
    for (int i = 0; i < kDof; ++i) store(gy[i] = g * y[i]);
    if (!with_products) continue;
    for (int i = 0; i < kDof; ++i) {
      for (int j = i; j < kDof; ++j) store(gy[i] * y[j]);
    }
  }
}

void draw(int dof, const KernelChart& chart, const KernelComponent& component,
          const KernelNoise& noise, int64_t begin, int64_t end, const KernelSamples& samples) {
  (dof == 6 ? draw_of<6> : draw_of<4>)(chart, component, noise, begin, end, samples);
}

void to_other_charts(int dof, const KernelChart* charts, int num_modes, int mode, int64_t begin,
                     int64_t end, const KernelSamples& samples) {
  (dof == 6 ? to_other_charts_of<6> : to_other_charts_of<4>)(charts, num_modes, mode, begin, end,
                                                             samples);
}

void poses(int dof, const KernelChart& chart, int mode, int64_t begin, int64_t end,
           const KernelSamples& samples, double* pose) {
  (dof == 6 ? poses_of<6> : poses_of<4>)(chart, mode, begin, end, samples, pose);
}

void log_density(int dof, const KernelChart* charts, int num_modes,
                 const KernelComponent* components, int num_components, double log_scale,
                 int64_t count, const KernelSamples& samples) {
  (dof == 6 ? log_density_of<6> : log_density_of<4>)(charts, num_modes, components, num_components,
                                                     log_scale, count, samples);
}

void regressors(int dof, const KernelChart& chart, const KernelComponent& component,
                bool with_products, int64_t count, const KernelSamples& samples, float* columns) {
  (dof == 6 ? regressors_of<6> : regressors_of<4>)(chart, component, with_products, count, samples,
                                                   columns);
}

}  // namespace

extern const ProposalKernels kProposalKernels;
const ProposalKernels kProposalKernels = {fill_noise,      fill_sobol, choose,      draw,
                                          to_other_charts, poses,      log_density, regressors};

PROPNP_MATH_END
