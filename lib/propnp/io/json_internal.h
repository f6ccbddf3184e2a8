// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// JSON for the readers and writers of this library: values without exceptions, errors with their
// place, numbers that survive a round trip. Not for public headers, which know no JSON library.
#ifndef PROPNP_IO_JSON_INTERNAL_H_
#define PROPNP_IO_JSON_INTERNAL_H_

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "propnp/io/status.h"

namespace propnp::io::json {

using Value = nlohmann::json;

// Parses one JSON text. Refuses what JSON refuses, keys that are there twice, numbers beyond the
// range of a double and nesting deeper than `kMaxDepth`. `place` (such as "line 3") goes into the
// message.
constexpr size_t kMaxDepth = 32;
Result<Value> Parse(std::string_view text, const std::string& file, const std::string& place);

// Takes values apart; the first error stays in status(), and everything then returns false.
class Reader {
 public:
  Reader(std::string file, std::string place) : file_(std::move(file)), place_(std::move(place)) {}

  const Status& status() const { return status_; }
  bool Fail(const std::string& field, const std::string& problem);

  // Refuses what is no object, and keys that are not in `known`, by name.
  bool CheckKeys(const Value& value, const std::string& field,
                 std::initializer_list<std::string_view> known);

  bool Number(const Value& value, const std::string& field, double* number);
  bool Integer(const Value& value, const std::string& field, int64_t min, int64_t max,
               int64_t* number);
  bool String(const Value& value, const std::string& field, std::string* text);
  // Exactly `size` numbers.
  bool Numbers(const Value& value, const std::string& field, size_t size, double* numbers);
  // min_size to max_size numbers, appended.
  bool List(const Value& value, const std::string& field, size_t min_size, size_t max_size,
            std::vector<double>* numbers);
  // Any number of rows of `columns` numbers, appended.
  bool Rows(const Value& value, const std::string& field, size_t columns,
            std::vector<double>* numbers);
  // The same with rows of `rows` x `columns` numbers.
  bool Matrices(const Value& value, const std::string& field, size_t rows, size_t columns,
                std::vector<double>* numbers);

 private:
  bool IsArray(const Value& value, const std::string& field, size_t size);

  std::string file_;
  std::string place_;
  Status status_;
};

// Null, or the value of `key`.
const Value* Find(const Value& object, const char* key);

// Appends JSON text. A number that is not finite, which JSON cannot say, becomes null.
void AppendString(std::string_view text, std::string* out);
void AppendNumber(double value, std::string* out);
// [a,b,...]
void AppendNumbers(const double* values, size_t size, std::string* out);
// [[a,b],[c,d],...] with `columns` numbers in a row.
void AppendRows(const double* values, size_t rows, size_t columns, std::string* out);

}  // namespace propnp::io::json

#endif  // PROPNP_IO_JSON_INTERNAL_H_
