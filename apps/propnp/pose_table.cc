// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/pose_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/propnp/text.h"
#include "propnp/engine/args.h"

namespace propnp::app {
namespace {

constexpr size_t kMostRows = 40;  // shown without cutting
constexpr size_t kRowsWhenCut = 20;
constexpr size_t kLongestId = 44;  // bytes
constexpr double kDegPerRad = 180 / 3.14159265358979323846;

using Row = std::vector<std::string>;

// Terminal columns of UTF-8 text: bytes that do not continue a character.
size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Both ends of a name say more than its middle.
std::string Shortened(const std::string& id) {
  const bool ascii = std::all_of(id.begin(), id.end(), [](char c) { return (c & 0x80) == 0; });
  if (id.size() <= kLongestId || !ascii) return id;
  const size_t half = (kLongestId - 3) / 2;
  return id.substr(0, half) + "..." + id.substr(id.size() - half);
}

std::string Number(const char* format, double value) {
  return std::isfinite(value) ? Format(format, value) : "-";
}

// Pixels: three decimals, but a hopeless pose must not widen the table.
std::string Pixels(double value) { return Number(value < 1e5 ? "%.3f" : "%.3g", value); }

std::string StatusCell(const RefinedObject& object) {
  if (!object.failed()) return "ok";
  return Join(StatusNames(object.status & PROPNP_STATUS_FAILED), ",");
}

Row MakeRow(const io::DatasetObject& object, const RefinedObject& refined, double length_scale) {
  const PoseSigmas sigmas = SigmasOf(refined, object.dof);
  return {Shortened(object.id),
          Format("%lld", static_cast<long long>(refined.points)),
          Pixels(refined.rms_before_px),
          Pixels(refined.rms_after_px),
          Number("%.3g", sigmas.translation * length_scale),
          Number("%.3g", sigmas.rotation_deg),
          Format("%d", refined.iterations),
          StatusCell(refined)};
}

// Failed poses first, then falling residuals.
std::vector<size_t> WorstFirst(const std::vector<RefinedObject>& refined, size_t count) {
  std::vector<size_t> order(refined.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto key = [&](size_t i) {
    const double rms = refined[i].rms_after_px;
    return std::make_pair(!refined[i].failed(), std::isfinite(rms) ? -rms : 0.0);
  };
  std::partial_sort(order.begin(), order.begin() + count, order.end(),
                    [&](size_t a, size_t b) { return key(a) != key(b) ? key(a) < key(b) : a < b; });
  order.resize(count);
  return order;
}

}  // namespace

PoseSigmas SigmasOf(const RefinedObject& object, int32_t dof) {
  if (object.covariance.empty() || object.failed()) return {kUnknown, kUnknown};
  double translation = 0, rotation = 0;
  for (int k = 0; k < dof; ++k) (k < 3 ? translation : rotation) += object.covariance[k * dof + k];
  return {std::sqrt(translation), std::sqrt(rotation) * kDegPerRad};
}

std::string AlignedTable(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], Width(row[c]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string padding(widths[c] - Width(row[c]), ' ');
      const bool left = c == 0 || c + 1 == widths.size();
      line += (c == 0 ? "  " : "   ") + (left ? row[c] + padding : padding + row[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string PoseTable(const io::PoseDataset& dataset, const std::vector<RefinedObject>& refined,
                      const std::string& unit) {
  const bool metric = unit == "m";
  const std::string length_unit = metric ? " mm" : unit.empty() ? "" : " " + unit;
  std::vector<Row> rows = {{"pose", "points", "rms before px", "after px", "sigma t" + length_unit,
                            "sigma R deg", "iterations", "status"}};
  const bool cut = refined.size() > kMostRows;
  std::vector<size_t> shown = WorstFirst(refined, cut ? kRowsWhenCut : refined.size());
  if (!cut) std::sort(shown.begin(), shown.end());
  for (size_t i : shown) {
    rows.push_back(MakeRow(dataset.objects[i], refined[i], metric ? 1000 : 1));
  }
  std::string text = AlignedTable(rows);
  if (cut) {
    text += Format("  (%zu of %zu poses: failed ones, then the largest residuals; -o writes all)\n",
                   shown.size(), refined.size());
  }
  return text;
}

}  // namespace propnp::app
