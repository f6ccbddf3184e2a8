// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/refine_options.h"

#include "apps/propnp/input_error.h"
#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

struct LossForm {
  const char* name;
  int32_t kind;
  // Of Huber and Cauchy those that keep 95 % of the efficiency of least squares on normal noise of
  // two coordinates (for one coordinate the textbooks have 1.345 and 2.385); of the adaptive Huber
  // that of the EPro-PnP layer.
  double default_scale;
};

constexpr LossForm kLosses[] = {{"none", PROPNP_LOSS_NONE, 0.0},
                                {"huber", PROPNP_LOSS_HUBER, 1.5},
                                {"cauchy", PROPNP_LOSS_CAUCHY, 2.55},
                                {"adaptive", PROPNP_LOSS_ADAPTIVE_HUBER, 0.5}};

constexpr const char* kCovariances[] = {"posterior", "gauss_newton", "sandwich"};

}  // namespace

LossOption ParseLoss(const std::string& text) {
  const auto fields = Split(text, ':');
  for (const LossForm& form : kLosses) {
    if (fields[0] != form.name) continue;
    if (fields.size() == 1) return {form.kind, form.default_scale};
    const auto scale = ParseNumber(fields[1]);
    if (form.kind == PROPNP_LOSS_NONE || fields.size() != 2 || !scale || *scale <= 0) break;
    return {form.kind, *scale};
  }
  throw InputError("--loss " + text +
                   ": accepted are none, huber[:D], cauchy[:D] with D in sigmas above 0, "
                   "adaptive[:R] with R above 0");
}

SigmaOption ParseSigma(const std::string& text) {
  if (text == "auto") return {true, 1.0};
  const auto sigma = ParseNumber(text);
  if (sigma && *sigma > 0) return {false, *sigma};
  throw InputError("--sigma " + text + ": accepted are auto, or the noise in pixels above 0");
}

int32_t ParseCovarianceKind(const std::string& text) {
  for (int32_t kind = 0; kind < 3; ++kind) {
    if (text == kCovariances[kind]) return kind;
  }
  throw InputError("--covariance " + text + ": accepted are posterior, gauss_newton, sandwich");
}

const char* LossName(int32_t kind) {
  for (const LossForm& form : kLosses) {
    if (form.kind == kind) return form.name;
  }
  return "unknown";
}

const char* CovarianceName(int32_t kind) { return kCovariances[kind]; }

}  // namespace propnp::app
