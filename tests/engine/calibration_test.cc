// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Simulation-based calibration (Cook, Gelman and Rubin, 2006; Talts et al., 2018): truths are drawn
// from the prior and pixels from the truths, so the posterior's distribution function of any
// quantity, taken at the truth, is uniform. Whatever is wrong with the sampler's prior, likelihood,
// measure, weights or modes bends it.
#include <array>

#include "tests/engine/posterior_batch.h"
#include "tests/engine/simulation.h"

namespace propnp::test {
namespace {

constexpr int64_t kProblems = 2000;
constexpr int kBins = 10;
// Chi-square of nine degrees of freedom exceeds this with p = 2.5e-7.
constexpr double kCritical = 48.05;

// Planar markers with the two-fold ambiguity of small planes seen from afar, and the prior from
// which their poses were drawn. Rotations are uniform, by which the engine's measure is one too.
struct Markers {
  Batch batch;
  std::vector<double> truth;  // (objects, 7), hidden from the sampler
  std::vector<double> mean, sigma;
  Prior prior;

  explicit Markers(TestRandom& random) {
    constexpr double kMean[3] = {0, 0, 1.4}, kSigma[3] = {0.2, 0.15, 0.25};
    constexpr double kNoisePx = 4, kHalfSize = 0.25;
    Batch& b = batch;
    b.num_objects = b.num_views = kProblems;
    b.num_points = 16;
    b.camera_model = {PROPNP_CAMERA_PINHOLE};
    b.camera_parameters = CameraParameters(PROPNP_CAMERA_PINHOLE);
    for (int64_t i = 0; i < kProblems; ++i) {
      for (int k = 0; k < 3; ++k) mean.push_back(kMean[k]), sigma.push_back(kSigma[k]);
      const double z = std::exp(kMean[2] + kSigma[2] * random.Normal());
      const double x = z * (kMean[0] + kSigma[0] * random.Normal());
      const double y = z * (kMean[1] + kSigma[1] * random.Normal());
      const Quaternion<double> q = random.Rotation();
      b.true_pose.insert(b.true_pose.end(), {x, y, z, q.w, q.x, q.y, q.z});
      for (int row = 0; row < 4; ++row) {
        for (int column = 0; column < 4; ++column) {
          b.x3d.insert(b.x3d.end(),
                       {kHalfSize * (2 * column / 3.0 - 1), kHalfSize * (2 * row / 3.0 - 1), 0});
        }
      }
    }
    b.x2d.resize(kProblems * 16 * 2);
    ProjectTruth(&b);
    for (double& pixel : b.x2d) pixel += kNoisePx * random.Normal();
    b.w2d.assign(b.x2d.size(), 1 / kNoisePx);
    truth.swap(b.true_pose);
    prior.mean = View(mean.data(), {kProblems, 3});
    prior.sigma = View(sigma.data(), {kProblems, 3});
  }
  Markers(const Markers&) = delete;
};

// What is ranked: the depth, and the first coordinate of the marker's normal in the camera's frame.
double Depth(const double* pose) { return pose[2]; }
double NormalX(const double* pose) { return SixDof<double>().transform(pose).rotation.row0.z; }
double NormalY(const double* pose) { return SixDof<double>().transform(pose).rotation.row1.z; }

double RotationAngle(const double* a, const double* b) {
  const double cosine = a[3] * b[3] + a[4] * b[4] + a[5] * b[5] + a[6] * b[6];
  return 2 * std::acos(std::min(std::fabs(cosine), 1.0));
}

// Whether the most probable of object i's modes is the one that is nearest in rotation.
bool InFirstMode(const Posterior& posterior, int64_t i, const double* pose) {
  const double* modes = &posterior.mode_pose[i * PROPNP_MAX_MODES * 7];
  const double first = RotationAngle(modes, pose);
  for (int m = 1; m < posterior.mode_count[i]; ++m) {
    if (RotationAngle(modes + 7 * m, pose) < first) return false;
  }
  return true;
}

// Posterior mass of samples whose quantity is below the truth's. `one_mode` leaves the samples of
// other modes than the most probable one out, as a sampler would have it that knows no others.
template <typename Quantity>
double Rank(const Markers& markers, const Posterior& posterior, int64_t num_samples, int64_t i,
            bool one_mode, const Quantity& quantity) {
  const double* log_weights = &posterior.sample_log_weight[i * num_samples];
  const double highest = *std::max_element(log_weights, log_weights + num_samples);
  const double truth = quantity(&markers.truth[7 * i]);
  double below = 0, total = 0;
  for (int64_t s = 0; s < num_samples; ++s) {
    const double* pose = &posterior.sample_pose[(i * num_samples + s) * 7];
    if (one_mode && !InFirstMode(posterior, i, pose)) continue;
    const double weight = std::exp(log_weights[s] - highest);
    total += weight;
    if (quantity(pose) < truth) below += weight;
  }
  return below / total;
}

// Pearson's statistic of the ranks of all problems in bins of equal width.
template <typename Quantity>
double ChiSquare(const Markers& markers, const Posterior& posterior, int64_t num_samples,
                 bool one_mode, const Quantity& quantity) {
  std::array<int, kBins> counts{};
  for (int64_t i = 0; i < kProblems; ++i) {
    const double rank = Rank(markers, posterior, num_samples, i, one_mode, quantity);
    ++counts[std::min(static_cast<int>(kBins * rank), kBins - 1)];
  }
  constexpr double kExpected = static_cast<double>(kProblems) / kBins;
  double sum = 0;
  for (int count : counts) sum += (count - kExpected) * (count - kExpected) / kExpected;
  return sum;
}

// The sampler of one mode gets both tails of the normals' ranks wrong: for every fourth problem or
// so the truth is in a mode that it does not know. The depth is the same in both. Fails, for one,
// if the prior's density lacks its factor z^-3.
TEST(Calibration, RanksOfTheTruthAreUniform) {
  TestRandom random;
  const Markers markers(random);
  SampleOptions options;
  options.num_samples = 512;
  WantedOutputs wanted;
  wanted.gradient = false;
  wanted.samples = true;
  const Posterior posterior =
      SampleBatch(markers.batch, options, &markers.prior, PROPNP_FLOAT64, 2, wanted);
  const auto chi_square = [&](bool one_mode, const auto& quantity) {
    return ChiSquare(markers, posterior, options.num_samples, one_mode, quantity);
  };
  EXPECT_LT(chi_square(false, Depth), kCritical);
  EXPECT_LT(chi_square(false, NormalX), kCritical);
  EXPECT_LT(chi_square(false, NormalY), kCritical);
  // The test is worth something: a sampler of one mode does not pass it.
  EXPECT_GT(chi_square(true, NormalY), kCritical);
  EXPECT_GT(chi_square(true, NormalX), kCritical);
}

}  // namespace
}  // namespace propnp::test
