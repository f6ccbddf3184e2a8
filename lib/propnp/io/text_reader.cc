// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/text_reader.h"

#include <algorithm>

#include "propnp/io/names.h"

namespace propnp::io {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

bool TextReader::NextLine() {
  if (next_line_ >= text_.size()) return false;
  position_ = next_line_;
  const size_t newline = text_.find('\n', position_);
  line_end_ = newline == std::string_view::npos ? text_.size() : newline;
  next_line_ = line_end_ + 1;
  if (line_end_ > position_ && text_[line_end_ - 1] == '\r') --line_end_;
  window_end_ = line_end_;
  return true;
}

bool TextReader::NextDataLine() {
  while (NextLine()) {
    if (!AtEnd() && text_[position_] != '#') return true;
  }
  return false;
}

void TextReader::OpenRest() {
  position_ = std::min(next_line_, text_.size());
  window_end_ = line_end_ = next_line_ = text_.size();
}

void TextReader::OpenField(char separator) {
  window_end_ = std::min(text_.find(separator, position_), line_end_);
}

bool TextReader::CloseField(const char* field) {
  if (!AtEnd()) return Fail(field, "more values than the field has");
  if (window_end_ < line_end_) position_ = window_end_ + 1;
  window_end_ = line_end_;
  return true;
}

bool TextReader::AtEnd() {
  SkipBlanks();
  return position_ == window_end_;
}

bool TextReader::ExpectEnd() {
  return AtEnd() || Fail("", "unexpected " + Quoted(window()) + " behind the last field");
}

bool TextReader::ReadWord(const char* field, std::string_view* word) {
  if (!status_.ok()) return false;
  SkipBlanks();
  const size_t begin = position_;
  while (position_ < window_end_ && !IsBlank(text_[position_])) ++position_;
  *word = text_.substr(begin, position_ - begin);
  return !word->empty() || Fail(field, "missing: the text ends before it");
}

bool TextReader::ReadRest(const char* field, std::string_view* rest) {
  if (!status_.ok()) return false;
  SkipBlanks();
  size_t end = window_end_;
  while (end > position_ && IsBlank(text_[end - 1])) --end;
  *rest = text_.substr(position_, end - position_);
  position_ = window_end_;
  return !rest->empty() || Fail(field, "missing: the line ends before it");
}

bool TextReader::Fail(const char* field, const std::string& problem) {
  if (status_.ok())
    status_ = ErrorAt(file_, "line " + std::to_string(line_number()), field, problem);
  return false;
}

bool TextReader::FailAtWord(const char* field, std::string_view word, const char* problem) {
  return Fail(field, Quoted(word) + " " + problem);
}

// Counted only when somebody asks, which is when there is an error to report.
uint64_t TextReader::line_number() const {
  const size_t read = std::min(position_, text_.size());
  return 1 + static_cast<uint64_t>(std::count(text_.begin(), text_.begin() + read, '\n'));
}

void TextReader::SkipBlanks() {
  while (position_ < window_end_ && IsBlank(text_[position_])) ++position_;
}

}  // namespace propnp::io
