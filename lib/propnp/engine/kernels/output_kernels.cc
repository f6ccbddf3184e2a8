// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Compiled once per instruction set.
#include "propnp/engine/kernels/output_kernels.h"

#include "propnp/engine/kernels/lanes.h"

PROPNP_MATH_BEGIN

namespace {

using D = Lanes<double>;

bool all_within(const double* values, int64_t count, double largest) {
  const D most(largest);
  LaneMask<double> within = !(most < most);
  int64_t i = 0;
  for (; i + D::kSize <= count; i += D::kSize) {
    const auto magnitude = hn::Abs(D::load_unaligned(values + i).v);
    within = within & LaneMask<double>{hn::Le(magnitude, most.v)};
  }
  bool all = hn::AllTrue(D::Tag(), within.m);
  for (; i < count; ++i) all &= values[i] <= largest && -values[i] <= largest;
  return all;
}

// store(kWidth registers, row) for as many points as registers hold, and the last ones one by one.
template <int kWidth, typename Store>
PROPNP_INLINE void store_rows(const double* const* columns, int64_t count, float* rows,
                              const Store& store) {
  const NarrowTag<float> tag;
  int64_t i = 0;
  for (; i + D::kSize <= count; i += D::kSize) {
    hn::Vec<NarrowTag<float>> values[kWidth];
    for (int k = 0; k < kWidth; ++k) values[k] = narrow(tag, D::load_unaligned(columns[k] + i));
    store(tag, values, rows + kWidth * i);
  }
  for (; i < count; ++i) {
    for (int k = 0; k < kWidth; ++k) rows[kWidth * i + k] = static_cast<float>(columns[k][i]);
  }
}

void store_pairs(const double* const* columns, int64_t count, float* rows) {
  store_rows<2>(columns, count, rows, [](auto d, const auto* values, float* out) {
    hn::StoreInterleaved2(values[0], values[1], d, out);
  });
}

void store_triples(const double* const* columns, int64_t count, float* rows) {
  store_rows<3>(columns, count, rows, [](auto d, const auto* values, float* out) {
    hn::StoreInterleaved3(values[0], values[1], values[2], d, out);
  });
}

}  // namespace

extern const OutputKernels kOutputKernels;
const OutputKernels kOutputKernels = {all_within, store_pairs, store_triples};

PROPNP_MATH_END
