// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// json::Parse: builds the value from the parser's events, which, unlike the library's own builder,
// can refuse repeated keys and deep nesting, and never throws.

#include <cstdint>
#include <utility>

#include "propnp/io/json_internal.h"
#include "propnp/io/names.h"

namespace propnp::io::json {
namespace {

class Builder : public nlohmann::json_sax<Value> {
 public:
  Value& root() { return root_; }
  const std::string& problem() const { return problem_; }

  bool null() override { return Add(nullptr) != nullptr; }
  bool boolean(bool value) override { return Add(value) != nullptr; }
  bool number_integer(number_integer_t value) override { return Add(value) != nullptr; }
  bool number_unsigned(number_unsigned_t value) override { return Add(value) != nullptr; }
  bool number_float(number_float_t value, const string_t&) override {
    return Add(value) != nullptr;
  }
  bool string(string_t& value) override { return Add(std::move(value)) != nullptr; }
  bool binary(binary_t&) override { return Refuse("binary values are not JSON"); }

  bool start_object(std::size_t) override { return Open(Value::object()); }
  bool start_array(std::size_t) override { return Open(Value::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& key) override {
    if (open_.back()->contains(key)) return Refuse("key " + Quoted(key) + " is there twice");
    key_ = std::move(key);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const std::string what = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 9: syntax error while ..."
    const size_t colon = what.find(": ");
    return Refuse("at character " + std::to_string(position) + ": " +
                  (colon == std::string::npos ? what : what.substr(colon + 2)));
  }

 private:
  Value* Add(Value value) {
    if (open_.empty()) return &(root_ = std::move(value));
    Value& parent = *open_.back();
    if (parent.is_object()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  // Pointers into open_ stay valid: a container takes no further element while one in it is open.
  bool Open(Value container) {
    if (open_.size() == kMaxDepth) {
      return Refuse("nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    open_.push_back(Add(std::move(container)));
    return true;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  bool Refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }

  Value root_;
  std::vector<Value*> open_;
  std::string key_;
  std::string problem_;
};

// The parser quotes what it read: input bytes must not reach the terminal as they are.
std::string Printable(const std::string& text) {
  std::string result;
  for (const char c : text) result += c >= 0x20 && c < 0x7F ? c : '?';
  return result.size() > 200 ? result.substr(0, 200) + "..." : result;
}

}  // namespace

Result<Value> Parse(std::string_view text, const std::string& file, const std::string& place) {
  Builder builder;
  if (Value::sax_parse(text.begin(), text.end(), &builder)) return std::move(builder.root());
  return ErrorAt(file, place, "", "not valid JSON: " + Printable(builder.problem()));
}

}  // namespace propnp::io::json
