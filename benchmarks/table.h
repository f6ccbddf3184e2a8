// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Tables on a terminal.
#ifndef PROPNP_BENCHMARKS_TABLE_H_
#define PROPNP_BENCHMARKS_TABLE_H_

#include <iosfwd>
#include <string>
#include <vector>

namespace propnp::bench {

using Row = std::vector<std::string>;

// `format` is one of printf for a double.
std::string Format(const char* format, double value);

// With a unit that leaves one to three digits before the point.
std::string TimeText(double ms);

// Columns as wide as their widest cell. Pads on the right, numbers (from column `first_number` on)
// on the left. All rows have the length of the first.
void PrintRows(const std::vector<Row>& rows, size_t first_number, std::ostream& out);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_TABLE_H_
