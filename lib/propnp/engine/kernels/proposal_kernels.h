// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The loops over samples alone: noise, draws from the components of a proposal, its density,
// regressors of the control variates. Samples lie in the lanes.
#ifndef PROPNP_ENGINE_KERNELS_PROPOSAL_KERNELS_H_
#define PROPNP_ENGINE_KERNELS_PROPOSAL_KERNELS_H_

#include <cstdint>

namespace propnp {

// Columns of samples are this much longer than the samples are many: a loop may read and write a
// register beyond its last.
constexpr int kSamplePadding = 16;

// The chart of a mode: the numbers that its ModeChart consists of, in order.
constexpr int kChartNumbers = 33;
struct KernelChart {
  double numbers[kChartNumbers];
};

// A component of the proposal in the chart of a mode.
struct KernelComponent {
  int32_t mode;
  double mean[6];
  double lower[21];  // L, row by row
  double inverse_diagonal[6];
  double log_det_sqrt;
  double weight;           // relative: weight / det L times a factor that all have in common
  double defensive_share;  // of its mass, at the wider scale in the chart xi
};

// Columns of S samples, `stride` numbers apart and ordered by mode; xi has one for each coordinate
// in the chart of each mode.
struct KernelSamples {
  int64_t stride;
  double* xi;           // column mode * D + k
  double* log_density;  // of the proposal
};

// How much of the proposal a component is.
struct KernelShare {
  double weight;           // of the mass, all together one
  double defensive_share;  // of its mass
};

// Where each sample is drawn from.
struct KernelChoice {
  int32_t* component;
  double* scale;   // of L
  double* curved;  // 1 where the draw is in the chart v, 0 where in xi
};

// What a draw needs, in the order of the samples.
struct KernelNoise {
  const float* normal;  // D columns, `stride` apart
  const double *scale, *curved;
};

struct ProposalKernels {
  // normal[d][i], d < dof, and stretch[i] = sqrt(nu / chi-square_nu) from the words of dimensions 0
  // to dof - 1 and 6.
  void (*fill_noise)(int dof, const uint32_t* words, int64_t word_stride, int64_t count,
                     float* normal, int64_t normal_stride, float* stretch);
  // words (8 columns) of the scrambled Sobol points; columns dof to 5, which nothing reads, are
  // left as they are.
  void (*fill_sobol)(int dof, const uint32_t* keys, int64_t count, uint32_t* words, int64_t stride);
  // Chooses by the words of dimension 7; the scale is the component's times `stretch`.
  void (*choose)(const KernelShare* shares, int num_components, const uint32_t* words,
                 const float* stretch, int64_t count, const KernelChoice&);
  // xi of samples [begin, end) in the chart of the component they are drawn from.
  void (*draw)(int dof, const KernelChart&, const KernelComponent&, const KernelNoise&,
               int64_t begin, int64_t end, const KernelSamples&);
  // xi of samples [begin, end) of a mode in the charts of all other modes.
  void (*to_other_charts)(int dof, const KernelChart* charts, int num_modes, int mode,
                          int64_t begin, int64_t end, const KernelSamples&);
  // Their poses, 7 numbers a sample.
  void (*poses)(int dof, const KernelChart&, int mode, int64_t begin, int64_t end,
                const KernelSamples&, double* pose);
  // log of the proposal's density of all samples; `log_scale` is that of the factor above.
  void (*log_density)(int dof, const KernelChart* charts, int num_modes,
                      const KernelComponent* components, int num_components, double log_scale,
                      int64_t count, const KernelSamples&);
  // The regressors of a component, G w_i w_j for i <= j, one i after the other, with w = (1, y), or
  // only those of i = 0 (control_variates.h).
  void (*regressors)(int dof, const KernelChart&, const KernelComponent&, bool with_products,
                     int64_t count, const KernelSamples&, float* columns);
};

const ProposalKernels& GetProposalKernels();

}  // namespace propnp

#endif  // PROPNP_ENGINE_KERNELS_PROPOSAL_KERNELS_H_
