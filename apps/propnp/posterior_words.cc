// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior_words.h"

#include <algorithm>
#include <vector>

#include "apps/propnp/pose_math.h"
#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

// Modes this close are told apart by their distance.
constexpr double kSameRotationDeg = 1;

std::string FailureWords(int32_t status) {
  if ((status & PROPNP_STATUS_TOO_FEW_POINTS) != 0) return "fewer than 3 points with weight";
  if ((status & PROPNP_STATUS_NON_FINITE_INPUT) != 0) {
    return "no pose with a finite cost (check the numbers, weights and prior)";
  }
  return Join(StatusNames(status), ", ");
}

std::string NumberWord(size_t number) {
  static constexpr const char* kWords[] = {"no", "one", "two", "three", "four", "five"};
  return number < std::size(kWords) ? kWords[number] : std::to_string(number);
}

std::string ModeWords(const ObjectPosterior& posterior, const io::DatasetObject& object) {
  const size_t modes = posterior.modes.size();
  if (modes == 1) return "one mode";
  double turned_deg = 0, moved = 0;
  for (size_t m = 1; m < modes; ++m) {
    turned_deg = std::max(turned_deg, TurnedDeg(posterior, object, m));
    moved = std::max(moved, TranslationDistance(posterior.modes[0].pose, posterior.modes[m].pose));
  }
  const std::string distance =
      turned_deg >= kSameRotationDeg
          ? Format("%.0f deg apart", turned_deg)
          : Format("%.2f deg and %.3g (unit of the points) apart", turned_deg, moved);
  return NumberWord(modes) + " modes, " + (modes > 2 ? "up to " : "") + distance;
}

}  // namespace

double TurnedDeg(const ObjectPosterior& posterior, const io::DatasetObject& object, size_t mode) {
  return RotationDistanceDeg(FullPose(object, posterior.modes[0].pose),
                             FullPose(object, posterior.modes[mode].pose));
}

std::string DescribePosterior(const ObjectPosterior& posterior, const io::DatasetObject& object) {
  if (posterior.failed()) return "failed: " + FailureWords(posterior.status);
  std::string words = ModeWords(posterior, object);
  if ((posterior.status & PROPNP_STATUS_IMPROPER) != 0) {
    words += "; needs a prior: the points do not keep it from being far away";
  }
  if ((posterior.status & PROPNP_STATUS_HIGH_KHAT) != 0) {
    words += Format("; estimate not reliable: k-hat %.2g, use more --samples", posterior.khat);
  } else if ((posterior.status & PROPNP_STATUS_LOW_ESS) != 0) {
    words += Format("; only %.0f %% effective samples, more --samples give sharper numbers",
                    100 * posterior.ess);
  }
  return words;
}

}  // namespace propnp::app
