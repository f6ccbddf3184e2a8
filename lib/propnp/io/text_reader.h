// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Reads words and numbers from a text that is held in memory, and knows the line of every error.
#ifndef PROPNP_IO_TEXT_READER_H_
#define PROPNP_IO_TEXT_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "propnp/io/number_text.h"
#include "propnp/io/status.h"

namespace propnp::io {

// A cursor over `text`, which must outlive it. Words are separated by blanks; they are taken from
// the open window: a line (NextLine, NextDataLine), a field of it (OpenField) or all that is left
// (OpenRest). Readers return false on the first error, which status() then holds.
class TextReader {
 public:
  TextReader(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  // Opens the next line; false behind the last. A trailing carriage return is not part of a line.
  bool NextLine();
  // The same, but passes over empty lines and those that begin with '#'.
  bool NextDataLine();
  // Opens everything that is left, for formats that do not care about lines.
  void OpenRest();
  // Narrows the window to what stands before the next `separator` of the line; `field` must have
  // been closed by CloseField before the next one is opened.
  void OpenField(char separator);
  bool CloseField(const char* field);

  // True when the window holds no further word.
  bool AtEnd();
  // Refuses further words in the window.
  bool ExpectEnd();

  bool ReadWord(const char* field, std::string_view* word);
  // The rest of the window without the blanks around it; refuses an empty one.
  bool ReadRest(const char* field, std::string_view* rest);
  template <typename Number>
  bool Read(const char* field, Number* value) {
    std::string_view word;
    if (!ReadWord(field, &word)) return false;
    const char* problem = ParseNumber(word, value);
    return problem == nullptr || FailAtWord(field, word, problem);
  }

  // Records an error at the current line and returns false.
  bool Fail(const char* field, const std::string& problem);

  // Bytes of the window not read yet: an upper bound for every count.
  uint64_t remaining() const { return window_end_ - position_; }
  std::string_view window() const { return text_.substr(position_, window_end_ - position_); }
  const std::string& file() const { return file_; }
  const Status& status() const { return status_; }
  uint64_t line_number() const;

 private:
  bool FailAtWord(const char* field, std::string_view word, const char* problem);
  void SkipBlanks();

  std::string_view text_;
  std::string file_;
  Status status_;
  size_t position_ = 0;
  size_t window_end_ = 0;
  size_t line_end_ = 0;
  size_t next_line_ = 0;
};

}  // namespace propnp::io

#endif  // PROPNP_IO_TEXT_READER_H_
