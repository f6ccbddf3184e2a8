// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// replay CORPUS [SECONDS]       plays what a fuzzer found worth keeping, one input a line in hex
// replay --pack FOLDER CORPUS   makes a corpus of the files that libFuzzer leaves in a folder
// replay --unpack CORPUS FOLDER
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Input = std::vector<uint8_t>;

std::vector<Input> ReadCorpus(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    std::cerr << "cannot read " << path << "\n";
    std::exit(1);
  }
  std::vector<Input> inputs;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    Input input;
    for (size_t i = 0; i + 1 < line.size(); i += 2) {
      input.push_back(static_cast<uint8_t>(std::stoi(line.substr(i, 2), nullptr, 16)));
    }
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::string Hex(const Input& input) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : input) text += {kDigits[byte / 16], kDigits[byte % 16]};
  return text;
}

int Pack(const std::string& folder, const std::string& corpus) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    lines.push_back(Hex(Input(std::istreambuf_iterator<char>(file), {})));
  }
  std::sort(lines.begin(), lines.end());
  std::ofstream out(corpus);
  for (const std::string& line : lines) out << line << "\n";
  return out.good() ? 0 : 1;
}

int Unpack(const std::string& corpus, const std::string& folder) {
  std::filesystem::create_directories(folder);
  const std::vector<Input> inputs = ReadCorpus(corpus);
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::ofstream out(folder + "/" + std::to_string(i), std::ios::binary);
    out.write(reinterpret_cast<const char*>(inputs[i].data()),
              static_cast<std::streamsize>(inputs[i].size()));
  }
  return 0;
}

int Play(const std::string& corpus, double seconds) {
  const std::vector<Input> inputs = ReadCorpus(corpus);
  const auto begin = std::chrono::steady_clock::now();
  size_t played = 0;
  for (; played < inputs.size(); ++played) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    if (taken.count() > seconds) break;
    // What fails is the last that was named.
    std::cerr << "input " << played << "\r";
    LLVMFuzzerTestOneInput(inputs[played].data(), inputs[played].size());
  }
  std::cout << "played " << played << " of " << inputs.size() << " inputs\n";
  return inputs.empty() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 3 && words[0] == "--pack") return Pack(words[1], words[2]);
  if (words.size() == 3 && words[0] == "--unpack") return Unpack(words[1], words[2]);
  if (words.empty() || words.size() > 2) {
    std::cerr << "usage: replay CORPUS [SECONDS]\n";
    return 2;
  }
  return Play(words[0], words.size() == 2 ? std::stod(words[1]) : 60);
}
