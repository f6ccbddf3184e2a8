// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// json::Reader and the writers of JSON text.

#include <algorithm>
#include <cmath>

#include "propnp/io/json_internal.h"
#include "propnp/io/names.h"
#include "propnp/io/number_text.h"

namespace propnp::io::json {
namespace {

std::string At(const std::string& field, size_t index) {
  return field + "[" + std::to_string(index) + "]";
}

}  // namespace

bool Reader::Fail(const std::string& field, const std::string& problem) {
  if (status_.ok()) status_ = ErrorAt(file_, place_, field, problem);
  return false;
}

bool Reader::CheckKeys(const Value& value, const std::string& field,
                       std::initializer_list<std::string_view> known) {
  if (!status_.ok()) return false;
  if (!value.is_object()) return Fail(field, "is not an object {...}");
  for (const auto& item : value.items()) {
    if (std::find(known.begin(), known.end(), item.key()) != known.end()) continue;
    std::string names;
    for (const std::string_view name : known)
      names += (names.empty() ? "" : ", ") + std::string(name);
    return Fail(field, "unknown key " + Quoted(item.key()) + "; known: " + names);
  }
  return true;
}

bool Reader::Number(const Value& value, const std::string& field, double* number) {
  if (!status_.ok()) return false;
  if (!value.is_number()) return Fail(field, "is not a number");
  *number = value.get<double>();
  return std::isfinite(*number) || Fail(field, "is not a finite number");
}

bool Reader::Integer(const Value& value, const std::string& field, int64_t min, int64_t max,
                     int64_t* number) {
  if (!status_.ok()) return false;
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= static_cast<uint64_t>(max)
                                               : value.is_number_integer();
  if (fits) *number = value.get<int64_t>();
  if (fits && *number >= min && *number <= max) return true;
  return Fail(field,
              "is not a whole number from " + std::to_string(min) + " to " + std::to_string(max));
}

bool Reader::String(const Value& value, const std::string& field, std::string* text) {
  if (!status_.ok()) return false;
  if (!value.is_string()) return Fail(field, "is not a text in quotes");
  *text = value.get_ref<const std::string&>();
  return true;
}

bool Reader::IsArray(const Value& value, const std::string& field, size_t size) {
  if (!status_.ok()) return false;
  if (!value.is_array()) return Fail(field, "is not a list [...]");
  return value.size() == size || Fail(field, "has " + std::to_string(value.size()) +
                                                 " elements, not " + std::to_string(size));
}

bool Reader::Numbers(const Value& value, const std::string& field, size_t size, double* numbers) {
  if (!IsArray(value, field, size)) return false;
  for (size_t i = 0; i < size; ++i) {
    if (value[i].is_number() && std::isfinite(numbers[i] = value[i].get<double>())) continue;
    return Fail(At(field, i), "is not a finite number");
  }
  return true;
}

bool Reader::List(const Value& value, const std::string& field, size_t min_size, size_t max_size,
                  std::vector<double>* numbers) {
  if (!status_.ok()) return false;
  if (!value.is_array() || value.size() < min_size || value.size() > max_size) {
    return Fail(field, "is not a list of " + std::to_string(min_size) +
                           (min_size == max_size ? "" : " to " + std::to_string(max_size)) +
                           " numbers");
  }
  const size_t begin = numbers->size();
  numbers->resize(begin + value.size());
  return Numbers(value, field, value.size(), numbers->data() + begin);
}

bool Reader::Rows(const Value& value, const std::string& field, size_t columns,
                  std::vector<double>* numbers) {
  if (!status_.ok()) return false;
  if (!value.is_array()) return Fail(field, "is not a list of rows [[...], ...]");
  size_t end = numbers->size();
  numbers->resize(end + value.size() * columns);
  for (size_t i = 0; i < value.size(); ++i, end += columns) {
    // The common case first: the name of the row is made only for an error.
    const Value& row = value[i];
    bool good = row.is_array() && row.size() == columns;
    for (size_t j = 0; good && j < columns; ++j) {
      good = row[j].is_number() && std::isfinite((*numbers)[end + j] = row[j].get<double>());
    }
    if (!good) return Fail(At(field, i), "is not " + std::to_string(columns) + " finite numbers");
  }
  return true;
}

bool Reader::Matrices(const Value& value, const std::string& field, size_t rows, size_t columns,
                      std::vector<double>* numbers) {
  if (!status_.ok()) return false;
  if (!value.is_array()) return Fail(field, "is not a list of matrices [[[...], ...], ...]");
  for (size_t i = 0; i < value.size(); ++i) {
    if (!value[i].is_array() || value[i].size() != rows) {
      return Fail(At(field, i), "has not " + std::to_string(rows) + " rows");
    }
    if (!Rows(value[i], At(field, i), columns, numbers)) return false;
  }
  return true;
}

const Value* Find(const Value& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

void AppendString(std::string_view text, std::string* out) {
  *out += Value(text).dump(-1, ' ', false, Value::error_handler_t::replace);
}

void AppendNumber(double value, std::string* out) {
  if (!std::isfinite(value)) {
    *out += "null";
  } else if (value == 0 && std::signbit(value)) {
    *out += "-0.0";  // "-0" is an integer to JSON parsers, which have only one zero of them
  } else {
    io::AppendNumber(value, out);
  }
}

void AppendNumbers(const double* values, size_t size, std::string* out) {
  *out += '[';
  for (size_t i = 0; i < size; ++i) {
    if (i > 0) *out += ',';
    AppendNumber(values[i], out);
  }
  *out += ']';
}

void AppendRows(const double* values, size_t rows, size_t columns, std::string* out) {
  *out += '[';
  for (size_t i = 0; i < rows; ++i) {
    if (i > 0) *out += ',';
    AppendNumbers(values + i * columns, columns, out);
  }
  *out += ']';
}

}  // namespace propnp::io::json
