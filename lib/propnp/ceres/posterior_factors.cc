// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "propnp/ceres/posterior_factors.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace propnp {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

std::nullptr_t Fail(const std::string& message, std::string* error) {
  if (error != nullptr) *error = message;
  return nullptr;
}

std::string NameOf(size_t mode) { return "modes[" + std::to_string(mode) + "]"; }

// The sum of the probabilities; zero with a message if one of them, or the sum, is none.
double SumProbabilities(const std::vector<PoseMode>& modes, std::string* error) {
  double sum = 0;
  for (size_t m = 0; m < modes.size(); ++m) {
    const double p = modes[m].probability;
    if (!std::isfinite(p) || p < 0) {
      Fail(NameOf(m) + ": probability is " + std::to_string(p) + ", negative or not finite", error);
      return 0;
    }
    sum += p;
  }
  if (sum > 0 && std::isfinite(sum)) return sum;
  Fail(
      modes.empty() ? "modes is empty" : "the probabilities of modes sum to " + std::to_string(sum),
      error);
  return 0;
}

void SetBlockSizes(const PoseChain& chain, std::vector<int32_t>* sizes) {
  for (const int size : chain.block_sizes()) sizes->push_back(size);
}

}  // namespace

GaussianPosteriorFactor::GaussianPosteriorFactor(const PoseChainOptions& options,
                                                 const PoseGaussian& gaussian)
    : chain_(options), gaussian_(gaussian) {
  set_num_residuals(gaussian.size());
  SetBlockSizes(chain_, mutable_parameter_block_sizes());
}

std::unique_ptr<GaussianPosteriorFactor> GaussianPosteriorFactor::Create(
    const PoseChainOptions& options, const PoseMode& mode, std::string* error) {
  PoseGaussian gaussian;
  std::string problem;
  if (!options.Validate(error)) return nullptr;
  if (!gaussian.Init(mode, &problem)) return Fail("mode: " + problem, error);
  return std::unique_ptr<GaussianPosteriorFactor>(new GaussianPosteriorFactor(options, gaussian));
}

bool GaussianPosteriorFactor::Evaluate(double const* const* parameters, double* residuals,
                                       double** jacobians) const {
  PoseChain::State chain;
  PoseGaussian::Vector residual;
  PoseGaussian::Jacobian jacobian;
  if (!chain_.Evaluate(parameters, &chain) ||
      !gaussian_.Evaluate(chain.cam_from_point, &residual,
                          jacobians == nullptr ? nullptr : &jacobian)) {
    return false;
  }
  std::copy_n(residual.data(), gaussian_.size(), residuals);
  if (jacobians != nullptr) {
    WriteChainJacobian(chain, jacobian.data(), gaussian_.size(), jacobians);
  }
  return true;
}

// One mode at one pose.
struct MixturePosteriorFactor::Share {
  PoseGaussian::Vector residual;
  PoseGaussian::Jacobian jacobian;
  double log_density = kMinusInfinity;  // l_m
  double relative = 0;  // exp(l_m - l_k); of the largest share itself, and with kMax, zero

  Eigen::Matrix<double, 1, 6> Gradient() const { return residual.transpose() * jacobian; }
};

MixturePosteriorFactor::MixturePosteriorFactor(const PoseChainOptions& options,
                                               std::vector<Component> components, MixtureKind kind)
    : chain_(options), components_(std::move(components)), kind_(kind), log_gamma_(kMinusInfinity) {
  set_num_residuals(components_.front().gaussian.size() + 1);
  SetBlockSizes(chain_, mutable_parameter_block_sizes());
  for (const Component& c : components_) log_gamma_ = std::max(log_gamma_, c.log_weight);
  if (kind_ == MixtureKind::kSum) {
    log_gamma_ += std::log(static_cast<double>(components_.size())) + kMixtureMargin;
  }
}

std::unique_ptr<MixturePosteriorFactor> MixturePosteriorFactor::Create(
    const PoseChainOptions& options, const std::vector<PoseMode>& modes, MixtureKind kind,
    std::string* error) {
  if (!options.Validate(error)) return nullptr;
  if (kind != MixtureKind::kSum && kind != MixtureKind::kMax) {
    return Fail("kind is neither kSum nor kMax", error);
  }
  const double sum = SumProbabilities(modes, error);
  if (!(sum > 0)) return nullptr;
  std::vector<Component> components;
  for (size_t m = 0; m < modes.size(); ++m) {
    if (modes[m].probability == 0) continue;
    PoseGaussian gaussian;
    std::string problem;
    if (!gaussian.Init(modes[m], &problem)) return Fail(NameOf(m) + ": " + problem, error);
    if (!components.empty() && gaussian.size() != components.front().gaussian.size()) {
      return Fail(NameOf(m) + ": dof is " + std::to_string(gaussian.size()) +
                      ", that of the modes before is not",
                  error);
    }
    // Not the log of the quotient, which may underflow.
    const double log_probability = std::log(modes[m].probability) - std::log(sum);
    components.push_back({gaussian, log_probability + gaussian.log_peak()});
  }
  return std::unique_ptr<MixturePosteriorFactor>(
      new MixturePosteriorFactor(options, std::move(components), kind));
}

// False if no mode has a share.
bool MixturePosteriorFactor::EvaluateShares(const RigidTransform<double>& pose, bool with_jacobians,
                                            std::vector<Share>* shares) const {
  bool any = false;
  for (size_t m = 0; m < components_.size(); ++m) {
    Share& share = (*shares)[m];
    if (!components_[m].gaussian.Evaluate(pose, &share.residual,
                                          with_jacobians ? &share.jacobian : nullptr)) {
      continue;
    }
    share.log_density = components_[m].log_weight - 0.5 * share.residual.squaredNorm();
    any = true;
  }
  return any;
}

// Fills `relative` and returns its sum, exp(T) - 1.
double MixturePosteriorFactor::CompareShares(size_t largest, std::vector<Share>* shares) const {
  double sum = 0;
  for (size_t m = 0; m < shares->size() && kind_ == MixtureKind::kSum; ++m) {
    if (m == largest) continue;
    Share& share = (*shares)[m];
    share.relative = std::exp(share.log_density - (*shares)[largest].log_density);
    sum += share.relative;
  }
  return sum;
}

bool MixturePosteriorFactor::Evaluate(double const* const* parameters, double* residuals,
                                      double** jacobians) const {
  PoseChain::State chain;
  std::vector<Share> shares(components_.size());
  if (!chain_.Evaluate(parameters, &chain) ||
      !EvaluateShares(chain.cam_from_point, jacobians != nullptr, &shares)) {
    return false;
  }
  const auto less = [](const Share& a, const Share& b) { return a.log_density < b.log_density; };
  const size_t k = std::max_element(shares.begin(), shares.end(), less) - shares.begin();
  const double others = CompareShares(k, &shares);
  const int size = components_[k].gaussian.size();
  const double last = std::sqrt(2 * (log_gamma_ - components_[k].log_weight - std::log1p(others)));
  std::copy_n(shares[k].residual.data(), size, residuals);
  residuals[size] = last;
  if (jacobians == nullptr) return true;

  Eigen::Matrix<double, Eigen::Dynamic, 6, Eigen::RowMajor, 7, 6> gradients(size + 1, 6);
  gradients.topRows(size) = shares[k].jacobian;
  gradients.row(size).setZero();
  for (const Share& share : shares) {
    // Of a share that has underflown the gradient may have overflown.
    if (share.relative == 0) continue;
    const double weight = share.relative / (1 + others);
    gradients.row(size) -= weight / last * (shares[k].Gradient() - share.Gradient());
  }
  WriteChainJacobian(chain, gradients.data(), size + 1, jacobians);
  return true;
}

}  // namespace propnp
