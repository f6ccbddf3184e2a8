// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/table.h"

#include <algorithm>
#include <cstdio>
#include <ostream>

namespace propnp::bench {

std::string Format(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string TimeText(double ms) {
  const double magnitude = ms < 0 ? -ms : ms;
  if (magnitude < 1e-3) return Format("%.1f ns", ms * 1e6);
  if (magnitude < 1) return Format("%.2f us", ms * 1e3);
  if (magnitude < 1e3) return Format("%.2f ms", ms);
  return Format("%.2f s", ms * 1e-3);
}

void PrintRows(const std::vector<Row>& rows, size_t first_number, std::ostream& out) {
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      out << "  " << (i < first_number ? row[i] + padding : padding + row[i]);
    }
    out << "\n";
  }
}

}  // namespace propnp::bench
