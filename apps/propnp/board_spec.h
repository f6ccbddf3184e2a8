// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The pattern to look for on photographs, as typed after --board.
//
//   chessboard:9x6:25mm       inner corners across x down, side of a square
//   aruco:DICT_6X6_250:40mm   dictionary, side of a marker's black border
//   apriltag:36h11:65mm       family, side of a tag's black border
//
// A side with a unit (mm, cm, m, in) is kept in metres; a bare number keeps the user's own unit.
#ifndef PROPNP_APPS_BOARD_SPEC_H_
#define PROPNP_APPS_BOARD_SPEC_H_

#include <string>

namespace propnp::app {

struct BoardSpec {
  enum class Kind { kChessboard, kMarkers };

  Kind kind = Kind::kChessboard;
  int columns = 0;      // of inner corners; chessboard only
  int rows = 0;         // of inner corners; chessboard only
  double side = 0;      // of a square or a marker
  std::string unit;     // of `side` and so of every translation: "m", or "" when none was typed
  int dictionary = -1;  // cv::aruco::PREDEFINED_DICTIONARY_NAME; markers only
  std::string dictionary_name;
};

// Throws InputError naming the part that is wrong and the accepted forms.
BoardSpec ParseBoardSpec(const std::string& text);

}  // namespace propnp::app

#endif  // PROPNP_APPS_BOARD_SPEC_H_
