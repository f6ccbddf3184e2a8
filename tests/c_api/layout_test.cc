// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The table of the ABI's structs against the headers that declare them and against the first
// version's: no field is forgotten, and none ever moves.
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/c_api/c_context.h"

namespace propnp::test {
namespace {

const std::string kRoot = PROPNP_SOURCE_DIR;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> Matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), regex), end; i != end; ++i) {
    found.push_back((*i)[1]);
  }
  return found;
}

// "struct NAME" and "NAME.FIELD" of every struct of a header, in order.
void AppendDeclared(const std::string& header, std::vector<std::string>* names) {
  std::string text =
      std::regex_replace(ReadFile(header), std::regex("/\\*[^*]*\\*+([^/*][^*]*\\*+)*/"), "");
  const std::regex structs("typedef struct (\\w+) \\{([^}]*)\\}");
  for (std::sregex_iterator i(text.begin(), text.end(), structs), end; i != end; ++i) {
    const std::string name = (*i)[1];
    names->push_back("struct " + name);
    // The last word of each declarator.
    for (const std::string& field : Matches((*i)[2], "(\\w+)(?:\\[\\d+\\])?\\s*[;,]")) {
      names->push_back(name + "." + field);
    }
  }
}

std::string WithoutNumbers(const std::string& line) {
  const size_t begin = line.rfind("struct ", 0) == 0 ? 7 : 0;
  return line.substr(0, line.find(' ', begin));
}

TEST(Layout, HasEveryFieldOfTheHeaders) {
  std::vector<std::string> declared;
  for (const std::string& include :
       Matches(ReadFile(kRoot + "/lib/propnp/c_api/propnp.h"), "#include \"(propnp/[^\"]+)\"")) {
    AppendDeclared(kRoot + "/lib/" + include, &declared);
  }
  std::vector<std::string> listed;
  for (const std::string& line : Lines(propnp_abi_layout())) listed.push_back(WithoutNumbers(line));
  std::sort(declared.begin(), declared.end());
  std::sort(listed.begin(), listed.end());
  EXPECT_EQ(declared, listed);
  EXPECT_GT(listed.size(), 250u);
}

// A field that the fuzzer does not set is one that no hostile value was tried on.
TEST(Layout, IsKnownToTheFuzzer) {
  std::string fuzzer;
  for (const char* part : {"fuzz_case_args.cc", "fuzz_case_inputs.cc", "fuzz_case.h",
                           "fuzz_operations.cc", "fuzz_tensors.h"}) {
    fuzzer += ReadFile(kRoot + "/tests/c_api/" + part);
  }
  // Options of the context that only say where messages go.
  const std::vector<std::string> left_out = {"log", "log_user_data", "log_level",
                                             "allocator_user_data"};
  for (const std::string& line : Lines(propnp_abi_layout())) {
    if (line.rfind("struct ", 0) == 0) continue;
    const std::string name = WithoutNumbers(line);
    const std::string field = name.substr(name.find('.') + 1);
    if (std::count(left_out.begin(), left_out.end(), field)) continue;
    EXPECT_TRUE(std::regex_search(fuzzer, std::regex("(\\.|->)" + field + "\\b"))) << name;
  }
}

// A line of the baseline holds for ever, but for the size of a struct, which may grow.
TEST(Layout, IsThatOfTheFirstVersion) {
  const std::vector<std::string> now = Lines(propnp_abi_layout());
  for (const std::string& line : Lines(ReadFile(kRoot + "/tests/c_api/layout_1_0.txt"))) {
    if (line.rfind("struct ", 0) != 0) {
      EXPECT_EQ(std::count(now.begin(), now.end(), line), 1) << line;
      continue;
    }
    const std::string name = WithoutNumbers(line) + " ";
    const auto same = std::find_if(now.begin(), now.end(), [&](const std::string& other) {
      return other.rfind(name, 0) == 0;
    });
    ASSERT_NE(same, now.end()) << line;
    EXPECT_GE(std::stoul(same->substr(name.size())), std::stoul(line.substr(name.size()))) << line;
  }
}

// Behind the last field of an old struct is padding of any value: nothing new may begin there.
TEST(Layout, NothingNewLiesInOldPadding) {
  const std::string baseline = ReadFile(kRoot + "/tests/c_api/layout_1_0.txt");
  for (const std::string& line : Lines(propnp_abi_layout())) {
    const std::string name = WithoutNumbers(line);
    if (line.rfind("struct ", 0) == 0 || baseline.find(name + " ") != std::string::npos) continue;
    const std::string owner = "struct " + name.substr(0, name.find('.')) + " ";
    const size_t at = baseline.find(owner);
    if (at == std::string::npos) continue;  // a new struct
    const size_t first_size = std::stoul(baseline.substr(at + owner.size()));
    EXPECT_GE(std::stoul(line.substr(name.size())), first_size) << line;
  }
}

}  // namespace
}  // namespace propnp::test
