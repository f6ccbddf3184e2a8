// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/board_spec.h"

#include <utility>

#include "apps/propnp/aruco_compat.h"
#include "apps/propnp/input_error.h"
#include "apps/propnp/text.h"

namespace propnp::app {
namespace {

constexpr char kForms[] = "chessboard:9x6:25mm, aruco:DICT_6X6_250:40mm or apriltag:36h11:65mm";

[[noreturn]] void Refuse(const std::string& text, const std::string& why) {
  throw InputError("--board " + text + ": " + why + "; accepted are " + kForms);
}

// "25mm" -> 0.025, "m".
void ParseSide(const std::string& field, const std::string& text, BoardSpec* spec) {
  static const std::pair<const char*, double> kUnits[] = {
      {"mm", 1e-3}, {"cm", 1e-2}, {"in", 0.0254}, {"m", 1.0}, {"", 0.0}};
  const size_t end = field.find_last_of("0123456789.");
  const size_t digits = end == std::string::npos ? 0 : end + 1;
  const auto number = ParseNumber(std::string_view(field).substr(0, digits));
  for (const auto& [unit, metres] : kUnits) {
    if (field.compare(digits, std::string::npos, unit) != 0) continue;
    if (!number || *number <= 0) break;
    spec->unit = metres > 0 ? "m" : "";
    spec->side = metres > 0 ? *number * metres : *number;
    return;
  }
  Refuse(text, "side '" + field + "' is not a positive length such as 25mm, 2.5cm, 0.025m or 1in");
}

void ParseChessboard(const std::string& field, const std::string& text, BoardSpec* spec) {
  const auto counts = Split(field, 'x');
  const auto columns = ParseInteger(counts[0]);
  const auto rows = counts.size() == 2 ? ParseInteger(counts[1]) : std::nullopt;
  // OpenCV finds boards from 3 inner corners on each side.
  if (!columns || !rows || *columns < 3 || *rows < 3 || *columns > 200 || *rows > 200) {
    Refuse(text, "'" + field + "' is not COLUMNSxROWS of inner corners, each from 3 to 200");
  }
  spec->kind = BoardSpec::Kind::kChessboard;
  spec->columns = *columns;
  spec->rows = *rows;
}

void ParseDictionary(const std::string& name, const std::string& text, BoardSpec* spec) {
  const auto* dictionary = FindMarkerDictionary(name);
  if (dictionary == nullptr) {
    Refuse(text, "unknown dictionary '" + name + "'; known are " + MarkerDictionaryNames());
  }
  spec->kind = BoardSpec::Kind::kMarkers;
  spec->dictionary = dictionary->id;
  spec->dictionary_name = dictionary->name;
}

}  // namespace

BoardSpec ParseBoardSpec(const std::string& text) {
  const auto fields = Split(text, ':');
  if (fields.size() != 3) Refuse(text, "expected three parts separated by ':'");
  BoardSpec spec;
  const std::string kind = Lower(fields[0]);
  if (kind == "chessboard") {
    ParseChessboard(Lower(fields[1]), text, &spec);
  } else if (kind == "aruco") {
    ParseDictionary(fields[1], text, &spec);
  } else if (kind == "apriltag") {
    ParseDictionary("APRILTAG_" + fields[1], text, &spec);
  } else {
    Refuse(text, "unknown kind '" + fields[0] + "'");
  }
  ParseSide(Lower(fields[2]), text, &spec);
  return spec;
}

}  // namespace propnp::app
