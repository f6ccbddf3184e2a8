// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/pose_table.h"

#include <cmath>

#include "apps/propnp/aligned_table.h"
#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

constexpr double kDegPerRad = 180 / 3.14159265358979323846;

std::string StatusCell(const RefinedObject& object) {
  if (!object.failed()) return "ok";
  return Join(StatusNames(object.status & PROPNP_STATUS_FAILED), ",");
}

TableRow MakeRow(const io::DatasetObject& object, const RefinedObject& refined,
                 double length_scale) {
  const PoseSigmas sigmas = SigmasOf(refined, object.dof);
  return {ShortenedId(object.id),
          Format("%lld", static_cast<long long>(refined.points)),
          FixedCell(refined.rms_before_px),
          FixedCell(refined.rms_after_px),
          NumberCell("%.3g", sigmas.translation * length_scale),
          NumberCell("%.3g", sigmas.rotation_deg),
          Format("%d", refined.iterations),
          StatusCell(refined)};
}

// Failed poses first, then falling residuals.
double Badness(const RefinedObject& object) {
  if (object.failed()) return HUGE_VAL;
  return std::isfinite(object.rms_after_px) ? object.rms_after_px : 0.0;
}

// What sampling adds to a row: how probable the refined pose is among all poses that the points
// allow, the best other one, and how wide all of them lie.
void AddPosteriorHeading(const std::string& length_unit, TableRow* row) {
  row->insert(row->end() - 1,
              {"probability", "next best", "posterior sigma t" + length_unit, "sigma R deg"});
}
void AddPosterior(const io::DatasetObject& object, const RefinedObject& refined,
                  const ObjectPosterior& posterior, double length_scale, TableRow* row) {
  const ModeShares shares = SharesAt(posterior, object, refined.pose);
  const PoseSigmas sigmas = SigmasOf(posterior.covariance, object.dof);
  row->insert(row->end() - 1, {NumberCell("%.2f", shares.own), NumberCell("%.2f", shares.next_best),
                               NumberCell("%.3g", sigmas.translation * length_scale),
                               NumberCell("%.3g", sigmas.rotation_deg)});
}

}  // namespace

PoseSigmas SigmasOf(const std::vector<double>& covariance, int32_t dof) {
  if (covariance.empty()) return {kUnknown, kUnknown};
  double translation = 0, rotation = 0;
  for (int k = 0; k < dof; ++k) (k < 3 ? translation : rotation) += covariance[k * dof + k];
  return {std::sqrt(translation), std::sqrt(rotation) * kDegPerRad};
}

PoseSigmas SigmasOf(const RefinedObject& object, int32_t dof) {
  return SigmasOf(object.failed() ? std::vector<double>() : object.covariance, dof);
}

std::string PoseTable(const io::PoseDataset& dataset, const std::vector<RefinedObject>& refined,
                      const std::vector<ObjectPosterior>& posteriors, const std::string& unit) {
  const LengthUnit length(unit);
  std::vector<TableRow> rows = {{"pose", "points", "rms before px", "after px",
                                 "sigma t" + length.suffix(), "sigma R deg", "iterations",
                                 "status"}};
  if (!posteriors.empty()) AddPosteriorHeading(length.suffix(), &rows[0]);
  std::vector<double> badness;
  for (const RefinedObject& object : refined) badness.push_back(Badness(object));
  const std::vector<size_t> shown = RowsToShow(badness);
  for (size_t i : shown) {
    rows.push_back(MakeRow(dataset.objects[i], refined[i], length.scale()));
    if (posteriors.empty()) continue;
    AddPosterior(dataset.objects[i], refined[i], posteriors[i], length.scale(), &rows.back());
  }
  std::string text = AlignedTable(rows);
  if (shown.size() < refined.size()) {
    text += Format("  (%zu of %zu poses: failed ones, then the largest residuals; -o writes all)\n",
                   shown.size(), refined.size());
  }
  return text;
}

}  // namespace propnp::app
