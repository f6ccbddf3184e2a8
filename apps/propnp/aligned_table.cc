// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/aligned_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

constexpr size_t kLongestId = 44;  // bytes
constexpr size_t kMostRows = 40;   // shown without cutting
constexpr size_t kRowsWhenCut = 20;

// Terminal columns of UTF-8 text: bytes that do not continue a character.
size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string AlignedTable(const std::vector<TableRow>& rows) {
  std::vector<size_t> widths;
  for (const TableRow& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], Width(row[c]));
  }
  std::string text;
  for (const TableRow& row : rows) {
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

std::string ShortenedId(const std::string& id) {
  const bool ascii = std::all_of(id.begin(), id.end(), [](char c) { return (c & 0x80) == 0; });
  if (id.size() <= kLongestId || !ascii) return id;
  const size_t half = (kLongestId - 3) / 2;
  return id.substr(0, half) + "..." + id.substr(id.size() - half);
}

std::string NumberCell(const char* format, double value) {
  return std::isfinite(value) ? Format(format, value) : "-";
}

std::string FixedCell(double value) { return NumberCell(value < 1e5 ? "%.3f" : "%.3g", value); }

std::vector<size_t> RowsToShow(const std::vector<double>& badness) {
  std::vector<size_t> order(badness.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (order.size() <= kMostRows) return order;
  const auto middle = order.begin() + kRowsWhenCut;
  std::partial_sort(order.begin(), middle, order.end(), [&](size_t a, size_t b) {
    return badness[a] != badness[b] ? badness[a] > badness[b] : a < b;
  });
  order.erase(middle, order.end());
  return order;
}

}  // namespace propnp::app
