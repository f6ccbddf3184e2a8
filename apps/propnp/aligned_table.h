// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Tables for a person at a terminal.
#ifndef PROPNP_APPS_ALIGNED_TABLE_H_
#define PROPNP_APPS_ALIGNED_TABLE_H_

#include <cstddef>
#include <string>
#include <vector>

namespace propnp::app {

using TableRow = std::vector<std::string>;

// Rows of cells, the first of them the heading: the first and the last column to the left, numbers
// between them to the right.
std::string AlignedTable(const std::vector<TableRow>& rows);

// A long name by its two ends, which say more than its middle.
std::string ShortenedId(const std::string& id);

// "-" for what is not known. `format` is printf's for one double.
std::string NumberCell(const char* format, double value);

// Pixels and costs: three decimals, but a hopeless pose must not widen the table.
std::string FixedCell(double value);

// Which of many rows to show: up to 40 all, in their own order; of more the 20 worst, those first
// whose `badness` is highest.
std::vector<size_t> RowsToShow(const std::vector<double>& badness);

}  // namespace propnp::app

#endif  // PROPNP_APPS_ALIGNED_TABLE_H_
