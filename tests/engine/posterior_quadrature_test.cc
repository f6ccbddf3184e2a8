// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The evidence against deterministic quadrature of the same posterior.
#include "tests/engine/quadrature.h"

namespace propnp::test {
namespace {

// Fails, for one, if ModeChart::factor() of a yaw leaves 1 + g^2 out.
TEST(PosteriorQuadrature, FourDofEvidence) {
  TestRandom random;
  for (const double sigma_px : {15, 20}) {
    for (const int32_t loss : {PROPNP_LOSS_NONE, PROPNP_LOSS_HUBER}) {
      SCOPED_TRACE(::testing::Message() << sigma_px << " px, loss " << loss);
      Batch b = OneObject(random, 4, 12, sigma_px);
      b.cost.loss = loss;
      SampleOptions options;
      WantedOutputs wanted;
      wanted.samples = true;
      const Posterior posterior = SampleBatch(b, options, nullptr, PROPNP_FLOAT64, 1, wanted);
      ExpectEvidence(b,
                     FourDofEvidence(b, PlainCost(b), GridAround(posterior, options.num_samples)));
    }
  }
}

// Fails, for one, if ModeChart::factor() of a rotation has 1 + |eps|^2 to the power of one.
TEST(PosteriorQuadrature, SixDofEvidenceOfOneMode) {
  TestRandom random;
  for (const double sigma_px : {5, 10}) {
    SCOPED_TRACE(sigma_px);
    const Batch b = OneObject(random, 6, 10, sigma_px);
    const Laplace laplace = LaplaceOf(b, PlainCost(b));
    const double log_evidence = SixDofEvidence(PlainCost(b), laplace);
    // The integral is not the Gaussian's, which the sampler could get right for the wrong reason.
    const double gaussian =
        -laplace.cost + laplace.sqrt_covariance.log_determinant() / 2 + 3 * std::log(kTwoPi);
    EXPECT_GT(std::fabs(log_evidence - gaussian), 1e-3);
    ExpectEvidence(b, log_evidence);
  }
}

}  // namespace
}  // namespace propnp::test
