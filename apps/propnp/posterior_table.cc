// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/posterior_table.h"

#include <algorithm>
#include <cmath>

#include "apps/propnp/aligned_table.h"
#include "apps/propnp/pose_table.h"
#include "apps/propnp/posterior_words.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

constexpr int kBarWidth = 20;

// Empty and full only for none and all.
std::string Bar(double probability) {
  const int rounded = static_cast<int>(std::lround(probability * kBarWidth));
  const int filled =
      std::clamp(rounded, probability > 0 ? 1 : 0, probability < 1 ? kBarWidth - 1 : kBarWidth);
  return std::string(filled, '#') + std::string(kBarWidth - filled, '.');
}

TableRow ModeRow(const ObjectPosterior& posterior, const io::DatasetObject& object, size_t m,
                 double scale) {
  const PoseMode& mode = posterior.modes[m];
  const PoseSigmas sigmas = SigmasOf(mode.covariance, object.dof);
  return {Format("  mode %zu", m + 1),
          Format("%.2f", mode.probability),
          Bar(mode.probability),
          NumberCell("%.5g", mode.pose[0] * scale),
          NumberCell("%.5g", mode.pose[1] * scale),
          NumberCell("%.5g", mode.pose[2] * scale),
          m == 0 ? "-" : Format("%.1f", TurnedDeg(posterior, object, m)),
          NumberCell("%.3g", sigmas.translation * scale),
          NumberCell("%.3g", sigmas.rotation_deg),
          FixedCell(mode.rms_px),
          FixedCell(mode.cost)};
}

// "log evidence -3.21 +- 0.004, ESS 61 %, k-hat 0.21"
std::string EvidenceText(const ObjectPosterior& posterior) {
  std::string text = Format("log evidence %.6g", posterior.log_evidence);
  if (std::isfinite(posterior.standard_error)) text += Format(" +- %.2g", posterior.standard_error);
  return text + Format(", ESS %.0f %%, k-hat %.2f", 100 * posterior.ess, posterior.khat);
}

std::string ObjectLine(const ObjectPosterior& posterior, const io::DatasetObject& object) {
  std::string line =
      "  " + ShortenedId(object.id) + ": " + DescribePosterior(posterior, object) + "\n";
  if (!posterior.failed()) line.insert(line.size() - 1, "  (" + EvidenceText(posterior) + ")");
  return line;
}

}  // namespace

double Uncertainty(const ObjectPosterior& posterior) {
  if (posterior.failed()) return 3;
  return (posterior.reliable() ? 0 : 1) + (1 - posterior.modes[0].probability);
}

std::string PosteriorTable(const io::PoseDataset& dataset,
                           const std::vector<ObjectPosterior>& posteriors,
                           const std::string& unit) {
  const LengthUnit length(unit);
  const std::string& suffix = length.suffix();
  std::vector<TableRow> rows = {{"object", "probability", "", "x" + suffix, "y" + suffix,
                                 "z" + suffix, "turned deg", "sigma t" + suffix, "sigma R deg",
                                 "rms px", "cost"}};
  std::vector<double> uncertainty;
  for (const ObjectPosterior& posterior : posteriors) {
    uncertainty.push_back(Uncertainty(posterior));
  }
  const std::vector<size_t> shown = RowsToShow(uncertainty);
  for (size_t i : shown) {
    for (size_t m = 0; m < posteriors[i].modes.size(); ++m) {
      rows.push_back(ModeRow(posteriors[i], dataset.objects[i], m, length.scale()));
    }
  }
  const std::vector<std::string> lines = Split(AlignedTable(rows), '\n');
  std::string text = lines[0] + "\n";
  size_t next = 1;
  for (size_t i : shown) {
    text += ObjectLine(posteriors[i], dataset.objects[i]);
    for (size_t m = 0; m < posteriors[i].modes.size(); ++m) text += lines[next++] + "\n";
  }
  if (shown.size() < posteriors.size()) {
    text += Format("  (%zu of %zu objects: the least certain ones; -o writes all)\n", shown.size(),
                   posteriors.size());
  }
  return text;
}

}  // namespace propnp::app
