// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/json_fields.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace propnp::bench {
namespace {

using nlohmann::json;

std::string ShapeText(const int64_t* begin, const int64_t* end) {
  std::string text = "(";
  for (const int64_t* extent = begin; extent != end; ++extent) {
    text += (extent == begin ? "" : ", ") + std::to_string(*extent);
  }
  return text + ")";
}

// Appends the numbers of nested arrays with extents [begin, end); false if they are not so. The
// depth is that of the shape, however deep the file goes.
bool AppendNumbers(const json& value, const int64_t* begin, const int64_t* end,
                   std::vector<double>* numbers) {
  if (begin == end) {
    if (!value.is_number()) return false;
    numbers->push_back(value.get<double>());
    return true;
  }
  if (!value.is_array() || static_cast<int64_t>(value.size()) != *begin) return false;
  return std::all_of(value.begin(), value.end(), [&](const json& element) {
    return AppendNumbers(element, begin + 1, end, numbers);
  });
}

}  // namespace

JsonFields::JsonFields(const json& object, std::string where)
    : object_(&object), where_(std::move(where)) {
  if (!object.is_object()) {
    throw std::runtime_error(where_ + ": expected an object, not " + object.type_name());
  }
}

JsonFields JsonFields::Renamed(std::string where) const {
  JsonFields renamed = *this;
  renamed.where_ = std::move(where);
  return renamed;
}

void JsonFields::Fail(const std::string& name, const std::string& what) const {
  throw std::runtime_error(where_ + ": field '" + parents_ + name + "' " + what);
}

bool JsonFields::Has(const std::string& name) const {
  const auto it = object_->find(name);
  return it != object_->end() && !it->is_null();
}

const json& JsonFields::At(const std::string& name) const {
  const auto it = object_->find(name);
  if (it == object_->end()) Fail(name, "is missing");
  return *it;
}

JsonFields JsonFields::Object(const std::string& name) const {
  const json& value = At(name);
  Require(value.is_object(), name, "is not an object");
  JsonFields fields(value, where_);
  fields.parents_ = parents_ + name + ".";
  return fields;
}

std::vector<JsonFields> JsonFields::Objects(const std::string& name) const {
  const int64_t length = Length(name);
  std::vector<JsonFields> objects;
  for (int64_t i = 0; i < length; ++i) {
    const std::string element = name + "[" + std::to_string(i) + "]";
    Require(At(name)[i].is_object(), element, "is not an object");
    objects.emplace_back(At(name)[i], where_);
    objects.back().parents_ = parents_ + element + ".";
  }
  return objects;
}

int64_t JsonFields::Length(const std::string& name) const {
  const json& value = At(name);
  Require(value.is_array(), name, "is not an array");
  return static_cast<int64_t>(value.size());
}

bool JsonFields::Boolean(const std::string& name) const {
  const json& value = At(name);
  Require(value.is_boolean(), name, "is not true or false");
  return value.get<bool>();
}

int64_t JsonFields::Integer(const std::string& name) const {
  const json& value = At(name);
  Require(value.is_number_integer(), name, "is not an integer");
  return value.get<int64_t>();
}

double JsonFields::Number(const std::string& name) const {
  const json& value = At(name);
  Require(value.is_number(), name, "is not a number");
  return value.get<double>();
}

std::string JsonFields::Text(const std::string& name) const {
  const json& value = At(name);
  Require(value.is_string(), name, "is not a string");
  const std::string text = value.get<std::string>();
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  Require(!text.empty() && std::none_of(text.begin(), text.end(), is_control), name,
          "is empty or has control characters");
  return text;
}

std::vector<double> JsonFields::Numbers(const std::string& name,
                                        std::initializer_list<int64_t> shape) const {
  std::vector<double> numbers;
  if (!AppendNumbers(At(name), shape.begin(), shape.end(), &numbers)) {
    Fail(name, "is not an array of numbers of shape " + ShapeText(shape.begin(), shape.end()));
  }
  return numbers;
}

json ReadJsonFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path);
  try {
    return json::parse(file);
  } catch (const json::exception& error) {
    throw std::runtime_error(path + " is not JSON: " + error.what());
  }
}

}  // namespace propnp::bench
