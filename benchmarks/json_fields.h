// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reads the fields of a JSON object. Whatever is not as expected throws std::runtime_error with a
// message that says where, which field and what was expected.
#ifndef PROPNP_BENCHMARKS_JSON_FIELDS_H_
#define PROPNP_BENCHMARKS_JSON_FIELDS_H_

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace propnp::bench {

class JsonFields {
 public:
  // `where` says in errors what `object` is; `object` must outlive this.
  JsonFields(const nlohmann::json& object, std::string where);

  // Present and not null.
  bool Has(const std::string& name) const;

  JsonFields Object(const std::string& name) const;
  std::vector<JsonFields> Objects(const std::string& name) const;
  int64_t Length(const std::string& name) const;  // of an array

  bool Boolean(const std::string& name) const;
  int64_t Integer(const std::string& name) const;
  double Number(const std::string& name) const;
  // Not empty and without control characters.
  std::string Text(const std::string& name) const;
  // A nested array of exactly this shape, row-major.
  std::vector<double> Numbers(const std::string& name, std::initializer_list<int64_t> shape) const;

  void Require(bool condition, const std::string& name, const std::string& what) const {
    if (!condition) Fail(name, what);
  }
  [[noreturn]] void Fail(const std::string& name, const std::string& what) const;

  // The same object, called `where` from here on.
  JsonFields Renamed(std::string where) const;

 private:
  const nlohmann::json& At(const std::string& name) const;

  const nlohmann::json* object_;
  std::string where_;
  std::string parents_;  // fields that lead here, "a.b."
};

// Parses a file; errors name it.
nlohmann::json ReadJsonFile(const std::string& path);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_JSON_FIELDS_H_
