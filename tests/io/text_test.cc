// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Numbers, names and the two cursors: what every reader stands on.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "propnp/io/byte_reader.h"
#include "propnp/io/names.h"
#include "propnp/io/number_text.h"
#include "propnp/io/text_reader.h"
#include "tests/io/io_test_util.h"

namespace propnp::io {
namespace {

double Parsed(std::string_view text) {
  double value = 0;
  const char* problem = ParseNumber(text, &value);
  EXPECT_EQ(problem, nullptr) << text;
  return value;
}

TEST(NumberText, EveryDoubleRoundTrips) {
  std::mt19937_64 random(0x4e554d);
  for (int i = 0; i < 100000; ++i) {
    const uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    std::string text;
    AppendNumber(value, &text);
    const double again = Parsed(text);
    EXPECT_EQ(std::memcmp(&again, &value, sizeof(value)), 0) << text;
  }
}

TEST(NumberText, AcceptsWhatFilesHold) {
  EXPECT_EQ(Parsed("+1.5e+02"), 150);
  EXPECT_EQ(Parsed("-0"), 0);
  EXPECT_TRUE(std::signbit(Parsed("-0")));
  EXPECT_EQ(Parsed(".5"), .5);
  EXPECT_EQ(Parsed("7."), 7);
  EXPECT_EQ(Parsed("5e-324"), 5e-324);
  EXPECT_EQ(Parsed("1e-400"), 0);
}

TEST(NumberText, RefusesWhatIsNoFiniteNumber) {
  for (const char* text :
       {"", "nan", "inf", "-inf", "1e400", "1.5x", "0x10", "+-1", "--1", "1,5"}) {
    double value = 0;
    EXPECT_NE(ParseNumber(text, &value), nullptr) << text;
  }
  uint32_t number = 0;
  for (const char* text : {"", "-1", "4294967296", "1.0", "9223372036854775808"}) {
    EXPECT_NE(ParseNumber(text, &number), nullptr) << text;
  }
}

TEST(Names, Utf8) {
  EXPECT_TRUE(IsUtf8("plain"));
  EXPECT_TRUE(IsUtf8("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x93\xB7"));
  for (const char* bad : {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "\xE2\x82", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(bad)) << Quoted(bad);
  }
}

TEST(Names, ImageNames) {
  for (const char* good : {"a.png", "left/a b.png", "..a", "a..b/c", "\xC3\xA4.jpg"}) {
    EXPECT_EQ(ImageNameProblem(good), nullptr) << good;
  }
  for (const char* bad : {"", "../a", "a/../b", "..", "a\\..\\b", "/etc/passwd", "C:\\a", "a\nb",
                          "a\x1b[2J", "\xFF.png"}) {
    EXPECT_NE(ImageNameProblem(bad), nullptr) << Quoted(bad);
  }
}

TEST(Names, QuotesAreShortAndPrintable) {
  EXPECT_EQ(Quoted("a\x1b"), "'a\\x1b'");
  EXPECT_LT(Quoted(std::string(100000, 'x')).size(), 80u);
}

TEST(TextReader, LinesFieldsAndPlaces) {
  TextReader in("# comment\r\n\n1 2.5  word\r\n7,8 9\n", "f.txt");
  int32_t number = 0;
  double real = 0;
  std::string_view word;
  ASSERT_TRUE(in.NextDataLine());
  EXPECT_EQ(in.line_number(), 3u);
  ASSERT_TRUE(in.Read("A", &number) && in.Read("B", &real) && in.ReadWord("C", &word));
  EXPECT_EQ(number, 1);
  EXPECT_EQ(real, 2.5);
  EXPECT_EQ(word, "word");
  EXPECT_TRUE(in.ExpectEnd());
  ASSERT_TRUE(in.NextLine());
  in.OpenField(',');
  ASSERT_TRUE(in.Read("A", &number) && in.CloseField("A"));
  in.OpenField(',');
  ASSERT_TRUE(in.Read("B", &number));
  EXPECT_FALSE(in.CloseField("B"));
  ExpectError(in.status(), {"f.txt", "line 4", "field B"});
  EXPECT_FALSE(in.NextLine());
}

TEST(TextReader, TheFirstErrorStays) {
  TextReader in("x\ny\n", "f.txt");
  double value;
  in.NextLine();
  EXPECT_FALSE(in.Read("A", &value));
  in.NextLine();
  EXPECT_FALSE(in.Read("B", &value));
  ExpectError(in.status(), {"line 1", "field A", "'x'"});
}

TEST(ByteReader, CountsAreBoundedByTheFile) {
  for (const uint64_t count : {uint64_t{3}, uint64_t{1} << 61, uint64_t{1} << 63, UINT64_MAX}) {
    std::string bytes;
    AppendBytes(count, &bytes);
    bytes.append(16, '\0');
    ByteReader in(bytes, "f.bin");
    uint64_t read = 0;
    EXPECT_FALSE(in.ReadCount("N", 8, &read)) << count;
    ExpectError(in.status(), {"f.bin", "byte 0", "field N", std::to_string(count).c_str()});
  }
}

TEST(ByteReader, TruncationAndNumbersThatAreNone) {
  std::string bytes;
  AppendBytes(std::numeric_limits<double>::quiet_NaN(), &bytes);
  ByteReader nan(bytes, "f.bin");
  double value = 0;
  EXPECT_FALSE(nan.Read("X", &value));
  ExpectError(nan.status(), {"byte 0", "field X", "finite"});
  ByteReader cut(std::string_view(bytes).substr(0, 7), "f.bin");
  EXPECT_FALSE(cut.Read("X", &value));
  ExpectError(cut.status(), {"byte 0", "truncated"});
}

}  // namespace
}  // namespace propnp::io
