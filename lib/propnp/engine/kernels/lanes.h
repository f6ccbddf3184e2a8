// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// A vector register as a scalar of math/: as many points at once as the instruction set holds. A
// thin cover over Highway in static mode (one instruction set a translation unit, nothing to link).
#ifndef PROPNP_ENGINE_KERNELS_LANES_H_
#define PROPNP_ENGINE_KERNELS_LANES_H_

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "propnp/math/scalar.h"

PROPNP_MATH_BEGIN

namespace hn = hwy::HWY_NAMESPACE;

// With 512-bit registers a division or a square root takes as long as ten multiplications, and the
// estimates are good to 14 bits.
#define PROPNP_ESTIMATE_DIVISION (HWY_TARGET <= HWY_AVX3)

template <typename T>
struct LaneMask {
  hn::Mask<hn::ScalableTag<T>> m;
};
template <typename T>
PROPNP_INLINE LaneMask<T> operator&(const LaneMask<T>& a, const LaneMask<T>& b) {
  return {hn::And(a.m, b.m)};
}
template <typename T>
PROPNP_INLINE LaneMask<T> operator|(const LaneMask<T>& a, const LaneMask<T>& b) {
  return {hn::Or(a.m, b.m)};
}
template <typename T>
PROPNP_INLINE LaneMask<T> operator!(const LaneMask<T>& a) {
  return {hn::Not(a.m)};
}

template <typename T>
struct Lanes {
  using Tag = hn::ScalableTag<T>;
  using Vector = hn::Vec<Tag>;
  static constexpr int kSize = static_cast<int>(HWY_LANES(T));

  Vector v;

  Lanes() = default;
  PROPNP_INLINE Lanes(Vector vector) : v(vector) {}
  PROPNP_INLINE explicit Lanes(T value) : v(hn::Set(Tag(), value)) {}

  // `p` is aligned to the register.
  static PROPNP_INLINE Lanes load(const T* p) { return {hn::Load(Tag(), p)}; }
  PROPNP_INLINE void store(T* p) const { hn::Store(v, Tag(), p); }
  static PROPNP_INLINE Lanes load_unaligned(const T* p) { return {hn::LoadU(Tag(), p)}; }
  PROPNP_INLINE void store_unaligned(T* p) const { hn::StoreU(v, Tag(), p); }
  PROPNP_INLINE T sum() const { return hn::GetLane(hn::SumOfLanes(Tag(), v)); }
};

template <typename T>
struct ScalarTraits<Lanes<T>> {
  using Real = T;
};

template <typename T>
PROPNP_INLINE Lanes<T> operator+(const Lanes<T>& a, const Lanes<T>& b) {
  return {hn::Add(a.v, b.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> operator-(const Lanes<T>& a, const Lanes<T>& b) {
  return {hn::Sub(a.v, b.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> operator*(const Lanes<T>& a, const Lanes<T>& b) {
  return {hn::Mul(a.v, b.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> operator/(const Lanes<T>& a, const Lanes<T>& b) {
  return {hn::Div(a.v, b.v)};
}
#if PROPNP_ESTIMATE_DIVISION
// The estimate of 14 bits and one Newton step, good to 1.5 units in the last place; where the
// estimate is zero or infinite, it is the answer.
PROPNP_INLINE Lanes<float> operator/(const Lanes<float>& a, const Lanes<float>& b) {
  using Tag = Lanes<float>::Tag;
  const auto estimate = hn::ApproximateReciprocal(b.v);
  const auto error = hn::NegMulAdd(b.v, estimate, hn::Set(Tag(), 1.0f));
  const auto refined = hn::MulAdd(estimate, error, estimate);
  return {hn::Mul(a.v, hn::IfThenElse(hn::Eq(error, error), refined, estimate))};
}
#endif
template <typename T>
PROPNP_INLINE Lanes<T> operator-(const Lanes<T>& a) {
  return {hn::Neg(a.v)};
}
template <typename T>
PROPNP_INLINE LaneMask<T> operator<(const Lanes<T>& a, const Lanes<T>& b) {
  return {hn::Lt(a.v, b.v)};
}
template <typename T>
PROPNP_INLINE LaneMask<T> operator!=(const Lanes<T>& a, const Lanes<T>& b) {
  return {hn::Ne(a.v, b.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> select(const LaneMask<T>& mask, const Lanes<T>& a, const Lanes<T>& b) {
  return {hn::IfThenElse(mask.m, a.v, b.v)};
}
// mask ? 0 : a.
template <typename T>
PROPNP_INLINE Lanes<T> zero_where(const LaneMask<T>& mask, const Lanes<T>& a) {
  return {hn::IfThenZeroElse(mask.m, a.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> min(const Lanes<T>& a, const Lanes<T>& b) {
  return {hn::Min(a.v, b.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> max(const Lanes<T>& a, const Lanes<T>& b) {
  return {hn::Max(a.v, b.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> sqrt(const Lanes<T>& a) {
  return {hn::Sqrt(a.v)};
}
#if PROPNP_ESTIMATE_DIVISION
PROPNP_INLINE Lanes<float> sqrt(const Lanes<float>& a) {
  using Tag = Lanes<float>::Tag;
  const auto estimate = hn::ApproximateReciprocalSqrt(a.v);
  const auto root = hn::Mul(a.v, estimate), half = hn::Mul(hn::Set(Tag(), 0.5f), estimate);
  const auto error = hn::NegMulAdd(root, half, hn::Set(Tag(), 0.5f));
  // Zero and infinity are their own roots.
  const auto itself = hn::Or(hn::Eq(a.v, hn::Zero(Tag())), hn::IsInf(a.v));
  return {hn::IfThenElse(itself, a.v, hn::MulAdd(root, error, root))};
}
// Of positive numbers that are neither tiny nor huge.
PROPNP_INLINE Lanes<float> reciprocal(const Lanes<float>& a) {
  using Tag = Lanes<float>::Tag;
  const auto estimate = hn::ApproximateReciprocal(a.v);
  return {hn::MulAdd(estimate, hn::NegMulAdd(a.v, estimate, hn::Set(Tag(), 1.0f)), estimate)};
}
PROPNP_INLINE Lanes<float> reciprocal_sqrt(const Lanes<float>& a) {
  using Tag = Lanes<float>::Tag;
  const auto estimate = hn::ApproximateReciprocalSqrt(a.v);
  const auto half = hn::Mul(hn::Mul(hn::Set(Tag(), 0.5f), a.v), estimate);
  const auto error = hn::NegMulAdd(half, estimate, hn::Set(Tag(), 0.5f));
  return {hn::MulAdd(estimate, error, estimate)};
}
#endif
template <typename T>
PROPNP_INLINE Lanes<T> exp(const Lanes<T>& a) {
  return {hn::Exp(typename Lanes<T>::Tag(), a.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> expm1(const Lanes<T>& a) {
  return {hn::Expm1(typename Lanes<T>::Tag(), a.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> log(const Lanes<T>& a) {
  return {hn::Log(typename Lanes<T>::Tag(), a.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> log1p(const Lanes<T>& a) {
  return {hn::Log1p(typename Lanes<T>::Tag(), a.v)};
}

// Of arguments up to some ten thousand.
template <typename T>
PROPNP_INLINE Lanes<T> sin(const Lanes<T>& a) {
  return {hn::Sin(typename Lanes<T>::Tag(), a.v)};
}
template <typename T>
PROPNP_INLINE Lanes<T> cos(const Lanes<T>& a) {
  return {hn::Cos(typename Lanes<T>::Tag(), a.v)};
}

// a * b + c in one rounding where the instruction set has it.
template <typename T>
PROPNP_INLINE Lanes<T> multiply_add(const Lanes<T>& a, const Lanes<T>& b, const Lanes<T>& c) {
  return {hn::MulAdd(a.v, b.v, c.v)};
}

// As many numbers of T as a register of double has; to and from them.
template <typename T>
using NarrowTag = hn::Rebind<T, Lanes<double>::Tag>;
PROPNP_INLINE hn::Vec<NarrowTag<double>> narrow(NarrowTag<double>, const Lanes<double>& a) {
  return a.v;
}
// What is too large becomes infinite, which Highway's scalars do not do.
PROPNP_INLINE hn::Vec<NarrowTag<float>> narrow(NarrowTag<float> tag, const Lanes<double>& a) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(tag, static_cast<float>(hn::GetLane(a.v)));
#else
  return hn::DemoteTo(tag, a.v);
#endif
}
PROPNP_INLINE Lanes<double> widen(NarrowTag<double>, hn::Vec<NarrowTag<double>> a) { return a; }
PROPNP_INLINE Lanes<double> widen(NarrowTag<float>, hn::Vec<NarrowTag<float>> a) {
  return hn::PromoteTo(Lanes<double>::Tag(), a);
}

// Columns of either precision into registers of either, and back; unaligned.
template <typename T>
PROPNP_INLINE void load_column(const T* column, Lanes<double>* out) {
  const NarrowTag<T> tag;
  *out = widen(tag, hn::LoadU(tag, column));
}
template <typename T>
PROPNP_INLINE void store_column(const Lanes<double>& a, T* column) {
  const NarrowTag<T> tag;
  hn::StoreU(narrow(tag, a), tag, column);
}
PROPNP_INLINE void store_column(const Lanes<float>& a, float* column) { a.store_unaligned(column); }
PROPNP_INLINE void load_column(const double* column, Lanes<float>* out) {
  using D = Lanes<double>;
  const NarrowTag<float> tag;
  const auto low = narrow(tag, D::load_unaligned(column));
#if HWY_TARGET == HWY_SCALAR
  *out = low;
#else
  const auto high = narrow(tag, D::load_unaligned(column + D::kSize));
  *out = hn::Combine(Lanes<float>::Tag(), high, low);
#endif
}
PROPNP_INLINE void store_column(const Lanes<float>& a, double* column) {
#if HWY_TARGET == HWY_SCALAR
  store_column(widen(NarrowTag<float>(), a.v), column);
#else
  const hn::Half<Lanes<float>::Tag> half;
  store_column(widen(NarrowTag<float>(), hn::LowerHalf(half, a.v)), column);
  store_column(widen(NarrowTag<float>(), hn::UpperHalf(half, a.v)), column + Lanes<double>::kSize);
#endif
}

// The first `count` numbers of a column; lanes behind them are `other`.
PROPNP_INLINE Lanes<double> load_first(const double* column, int64_t count, double other) {
  using D = Lanes<double>;
  if (count >= D::kSize) return D::load_unaligned(column);
  HWY_ALIGN double values[D::kSize];
  for (int k = 0; k < D::kSize; ++k) values[k] = k < count ? column[k] : other;
  return D::load(values);
}
// Stores the first `count` lanes.
PROPNP_INLINE void store_first(const Lanes<double>& a, int64_t count, double* column) {
  using D = Lanes<double>;
  if (count >= D::kSize) return a.store_unaligned(column);
  HWY_ALIGN double values[D::kSize];
  a.store(values);
  for (int k = 0; k < count; ++k) column[k] = values[k];
}
// Which lanes are the first `count`.
template <typename T>
PROPNP_INLINE LaneMask<T> first_lanes(int64_t count) {
  return {hn::FirstN(hn::ScalableTag<T>(), static_cast<size_t>(count))};
}

// The sums of four registers, with a quarter of the shuffles of one after the other.
PROPNP_INLINE void sum_four(const Lanes<float>* registers, float* sums) {
#if HWY_TARGET == HWY_SCALAR
  for (int i = 0; i < 4; ++i) sums[i] = registers[i].sum();
#else
  using F = Lanes<float>;
  const F::Tag d;
  const auto halves = [d](const F& a, const F& b) {
    return F(hn::Add(hn::InterleaveLower(d, a.v, b.v), hn::InterleaveUpper(d, a.v, b.v)));
  };
  // Each block of four lanes then holds its part of the four sums, in their order.
  const F even = halves(registers[0], registers[2]), odd = halves(registers[1], registers[3]);
  HWY_ALIGN float blocks[F::kSize];
  halves(even, odd).store(blocks);
  for (int i = 0; i < 4; ++i) {
    sums[i] = blocks[i];
    for (int k = 4; k < F::kSize; k += 4) sums[i] += blocks[k + i];
  }
#endif
}

// The sum of each of as many registers as one has lanes, in their order; they are overwritten.
template <typename T>
PROPNP_INLINE Lanes<T> sum_each(Lanes<T>* registers) {
#if HWY_TARGET != HWY_SCALAR
  const typename Lanes<T>::Tag d;
  for (int count = Lanes<T>::kSize / 2; count > 0; count /= 2) {
    for (int i = 0; i < count; ++i) {
      const auto low = registers[2 * i].v, high = registers[2 * i + 1].v;
      registers[i] = hn::Add(hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low));
    }
  }
#endif
  return registers[0];
}

// The sum of each of some registers.
template <typename T, int kCount>
PROPNP_INLINE void sum_all(const Lanes<T> (&registers)[kCount], T* sums) {
  constexpr int kSize = Lanes<T>::kSize;
  PROPNP_UNROLL
  for (int k = 0; k < kCount; k += kSize) {
    Lanes<T> some[kSize];
    PROPNP_UNROLL
    for (int i = 0; i < kSize; ++i) some[i] = k + i < kCount ? registers[k + i] : Lanes<T>(T(0));
    HWY_ALIGN T values[kSize];
    sum_each(some).store(values);
    for (int i = 0; i < kSize && k + i < kCount; ++i) sums[k + i] = values[i];
  }
}

// The angle of (x, y) in [-pi, pi]; 0 at the origin, as std::atan2.
template <typename T>
PROPNP_INLINE Lanes<T> atan2(const Lanes<T>& y, const Lanes<T>& x) {
  using Tag = typename Lanes<T>::Tag;
  const Lanes<T> zero(T(0)), half_pi(T(1.57079632679489661923)), pi(T(3.14159265358979323846));
  const Lanes<T> abs_x{hn::Abs(x.v)}, abs_y{hn::Abs(y.v)};
  const LaneMask<T> steep = abs_x < abs_y;
  const Lanes<T> large = max(abs_x, abs_y), small = min(abs_x, abs_y);
  const LaneMask<T> nonzero = zero < large;
  const Lanes<T> ratio = select(nonzero, small / select(nonzero, large, Lanes<T>(T(1))), zero);
  Lanes<T> angle{hn::Atan(Tag(), ratio.v)};
  angle = select(steep, half_pi - angle, angle);
  angle = select(x < zero, pi - angle, angle);
  return {hn::CopySign(angle.v, y.v)};
}

PROPNP_MATH_END

#endif  // PROPNP_ENGINE_KERNELS_LANES_H_
